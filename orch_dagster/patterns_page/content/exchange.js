// Who has what from whom: givers on the left, what they gave in the middle, who has it on the right.

const graph = document.getElementById('exchange');
const ROW = 30;
const BETWEEN = 16; // pixels between two companies' rows
const SLOTS = [5, 12]; // pixels of one arrow at the company it leads to, as there is room
const MANY = 60; // more rows than that, and those of a company and kind fold into one
const opened = new Set();

function visibleThings() {
  return data.exchange.things
    .map((thing, at) => ({
      at, ...thing, takers: thing.takers.filter(([company]) => !board.hidden.has(company)),
      none: !thing.takers.length,
    }))
    .filter((one) => !board.hidden.has(one.origin) && (one.none || one.takers.length));
}

// Rows: one for each thing, or one for all of a company and kind, which opens and closes.
function rowsOf(things) {
  if (things.length <= MANY) return things.map((one) => ({ ...one, all: [one] }));
  const groups = new Map();
  for (const one of things) {
    const key = `${one.origin} ${one.kind}`;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(one);
  }
  return [...groups].flatMap(([key, all]) => {
    const single = all.map((one) => ({ ...one, all: [one] }));
    if (all.length < 3) return single;
    const name = `${opened.has(key) ? '▾' : '▸'} ${counted(all.length, all[0].kind)}`;
    const companies = new Set(all.flatMap((one) => one.takers.map(([company]) => company)));
    const takers = opened.has(key) ? [] : [...companies].map((company) => [company, null]);
    const row = { ...all[0], all: opened.has(key) ? [] : all, key, name, takers, none: !companies.size };
    return opened.has(key) ? [row, ...single] : [row];
  });
}

function columns(width) {
  const side = Math.max(70, Math.min(190, width * 0.2));
  const middle = Math.max(120, Math.min(380, width * 0.34));
  const from = side + 14 + (width - 2 * side - 28 - middle) * 0.3;
  return { left: side, from, to: from + middle, right: width - side };
}

function drawExchange() {
  if (board.view !== 'exchange') return;
  const width = graph.clientWidth;
  const rows = rowsOf(visibleThings());
  document.getElementById('exchange-empty').hidden = rows.length > 0;
  graph.replaceChildren();
  const at = columns(width);
  const heads = [['came from', at.left, 'end'], ['what', (at.from + at.to) / 2, 'middle'], ['who has it', at.right, 'start']];
  const givers = placeRows(rows);
  const low = Math.max(30 + ROW, ...rows.map((row) => row.y + ROW));
  const takers = placeTakers(rows, low);
  const bottom = Math.max(low, ...takers.map((one) => one.to + 14)) + 10;
  graph.setAttribute('viewBox', `0 0 ${width} ${bottom}`);
  graph.style.height = rows.length ? `${bottom}px` : '0';
  if (!rows.length) return;
  for (const [text, x, anchor] of heads) {
    graph.append(draw('text', { class: 'head', x, y: 14, 'text-anchor': anchor }, text));
  }
  const arrows = draw('g', { 'aria-hidden': 'true' });
  graph.append(arrows);
  for (const giver of givers) drawCompany(giver, at.left, 'end', 'gave');
  rows.forEach((row, number) => {
    drawArrows(arrows, row, number, at, takers);
    drawRow(row, number, at, rows);
  });
  for (const taker of takers) drawCompany(taker, at.right, 'start', 'has');
  markFound(rows);
}

// Gives each row its y; returns the companies on the left with what they span.
function placeRows(rows) {
  const givers = [];
  let y = 30;
  for (const row of rows) {
    const last = givers.at(-1);
    if (!last || last.company !== row.origin) {
      if (last) y += BETWEEN;
      givers.push({ company: row.origin, from: y, rows: new Set() });
    }
    row.y = y;
    y += ROW;
    Object.assign(givers.at(-1), { to: y });
    givers.at(-1).rows.add(rows.indexOf(row));
  }
  return givers;
}

// The companies on the right, spread over the height, each with a slot for every arrow to it.
function placeTakers(rows, low) {
  const order = data.exchange.takers.filter((one) => rows.some((row) => row.takers.some(([c]) => c === one)));
  const takers = order.map((company) => {
    const own = rows.flatMap((row, at) => (row.takers.some(([c]) => c === company) ? [at] : []));
    return { company, rows: new Set(own) };
  });
  const arrows = takers.reduce((sum, one) => sum + one.rows.size, 0);
  const room = (low - 30 - 10 * takers.length) / (arrows || 1);
  const slot = Math.min(SLOTS[1], Math.max(SLOTS[0], room));
  for (const one of takers) one.tall = Math.max(ROW - 4, one.rows.size * slot);
  const needed = takers.reduce((sum, one) => sum + one.tall, 0);
  const gap = Math.max(8, (low - 30 - needed) / (takers.length || 1));
  let y = 30 + gap / 2;
  for (const one of takers) {
    Object.assign(one, { from: y, to: y + one.tall });
    y += one.tall + gap;
  }
  return takers;
}

function drawCompany(one, x, anchor, verb) {
  const outward = anchor === 'end' ? -1 : 1;
  const middle = (one.from + one.to) / 2;
  const said = `${nameOf(one.company)} ${verb} ${counted(one.rows.size, 'thing')}`;
  const part = draw('g', { class: 'part', tabindex: 0, role: 'img', 'aria-label': said });
  part.append(
    draw('title', {}, said),
    draw('rect', {
      x: outward < 0 ? x + 6 : x - 12, y: one.from + 3, width: 6,
      height: one.to - one.from - 6, rx: 3, fill: colourOf(one.company),
    }),
    draw('path', {
      d: MARKS[data.companies[one.company].mark], fill: colourOf(one.company),
      transform: `translate(${x + outward * 8 + (outward < 0 ? 4 : 0)} ${middle})`,
    }),
  );
  const text = draw('text', { x: x + outward * 18 + (outward < 0 ? 4 : 0), y: middle + 4.5, 'text-anchor': anchor });
  part.append(text);
  graph.append(part);
  cut(text, nameOf(one.company), Math.max(40, columns(graph.clientWidth).left - 18));
  lights(part, one.rows);
}

function drawRow(row, number, at, rows) {
  const takers = row.takers.map(([company, alike]) =>
    nameOf(company) + (row.kind === 'component' && alike !== null ? ` (${percent(alike)} alike)` : ''));
  const has = row.key ? (opened.has(row.key) ? 'unfolded' : `folded, ${takers.join(', ') || 'nobody'}`) : takers.length ? `${takers.join(', ')} ${takers.length > 1 ? 'have' : 'has'} it` : 'nobody was shown it yet';
  const said = `${row.name}: ${row.kind} of ${nameOf(row.origin)}; ${has}`;
  const part = draw('g', {
    class: row.none ? 'row unread' : 'row', tabindex: 0, role: 'button', 'aria-label': said,
    'data-thing': row.key ? undefined : row.at, 'data-key': row.key, 'aria-expanded': row.key && opened.has(row.key),
  });
  part.append(draw('title', {}, said), draw('rect', {
    class: 'box', x: at.from, y: row.y + 2, width: at.to - at.from, height: ROW - 4,
    rx: row.kind === 'component' ? 3 : (ROW - 4) / 2,
  }));
  const text = draw('text', { x: at.from + 12, y: row.y + ROW / 2 + 4.5, direction: 'ltr' });
  part.append(text);
  graph.append(part);
  const alike = row.takers.length === 1 && row.kind === 'component' ? row.takers[0][1] : null;
  const short = at.to - at.from < 250;
  if (alike !== null) {
    part.append(draw('text', {
      class: 'head', x: at.to - 10, y: row.y + ROW / 2 + 4.5, 'text-anchor': 'end',
    }, short ? percent(alike) : `${percent(alike)} alike`));
  }
  cut(text, row.name, at.to - at.from - (alike === null ? 24 : short ? 62 : 92));
  const act = () => (row.key ? unfold(row.key) : change({ thing: row.at, learning: -1, pattern: -1 }));
  part.addEventListener('click', act);
  part.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    act();
  });
  const inside = (one, at) => (one.origin === row.origin && one.kind === row.kind ? [at] : []);
  lights(part, new Set(row.key ? rows.flatMap(inside) : [number]));
}

function unfold(key) {
  if (!opened.delete(key)) opened.add(key);
  drawExchange();
  graph.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

function drawArrows(arrows, row, number, at, takers) {
  const y = row.y + ROW / 2;
  const colour = colourOf(row.origin);
  const group = draw('g', { class: 'arrows', 'data-row': number });
  group.append(draw('path', { class: 'arrow', d: `M${at.left + 12} ${y}H${at.from}`, stroke: colour, 'stroke-width': 2 }));
  for (const [company, alike] of row.takers) {
    const taker = takers.find((one) => one.company === company);
    const slots = [...taker.rows];
    const end = taker.from + (taker.to - taker.from) * ((slots.indexOf(number) + 0.5) / slots.length);
    const x = at.right - 14;
    const bend = (x - at.to) * 0.5;
    group.append(
      draw('path', {
        class: 'arrow', d: `M${at.to} ${y}C${at.to + bend} ${y} ${x - bend} ${end} ${x - 7} ${end}`, stroke: colour,
        'stroke-width': row.kind === 'component' ? 1.5 + 4.5 * (alike ?? 0.4) : 2,
      }),
      draw('path', { class: 'tip', d: `M${x} ${end}l-9 -5v10Z`, fill: colour }),
    );
  }
  arrows.append(group);
}

// Pointing at a part lights the rows it belongs to.
function lights(part, rows) {
  part.dataset.rows = [...rows].join(' ');
  const on = () => light(rows);
  for (const event of ['pointerenter', 'focus']) part.addEventListener(event, on);
  for (const event of ['pointerleave', 'blur']) part.addEventListener(event, () => light(null));
}

function light(rows) {
  graph.classList.toggle('lighting', rows !== null);
  const touches = (numbers) => rows === null || numbers.some((number) => rows.has(number));
  for (const one of graph.querySelectorAll('.arrows')) {
    one.classList.toggle('faded', !touches([Number(one.dataset.row)]));
  }
  for (const one of graph.querySelectorAll('.row, .part')) {
    one.classList.toggle('faded', !touches(one.dataset.rows.split(' ').map(Number)));
  }
}

function markFound(rows) {
  const found = board.foundThings;
  const lit = new Set();
  rows.forEach((row, number) => {
    if (row.all.some((one) => one.at === board.thing || found?.has(one.at))) lit.add(number);
  });
  for (const one of graph.querySelectorAll('.row')) {
    one.classList.toggle('lit', lit.has(Number(one.dataset.rows)));
  }
  if (found) light(lit);
}

function cut(text, name, width) {
  text.textContent = name;
  let signs = [...name];
  while (signs.length > 4 && text.getComputedTextLength() > width) {
    signs = signs.slice(0, Math.max(4, Math.floor(signs.length * Math.min(0.95, width / text.getComputedTextLength()))));
    text.textContent = `${signs.join('')}…`;
  }
}

function percent(share) {
  return `${Math.round(share * 100)} %`;
}

new ResizeObserver(drawExchange).observe(document.getElementById('stage'));
