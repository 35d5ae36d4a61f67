// The map of learnings, on a canvas: thousands of marks have to follow a drag.

const canvas = document.getElementById('map');
const pen = canvas.getContext('2d');
const eye = { zoom: 1, x: 0, y: 0 }; // x and y: how far the middle is moved, in pixels
const FARTHEST = 0.8;
const CLOSEST = 40;
const FOOT = 44; // pixels at the bottom, for the line that says how to move
const REACH = 11; // pixels between the pointer and a mark it means
let wide = 0;
let high = 0;
let drawing = 0;
let spots = []; // where marks were drawn last
let stamps = new Map();

function spread() {
  // wider than high where there is room: distances on the map are no measure, neighbourhoods are
  const upright = Math.min(wide, high - FOOT) * 0.46;
  return { across: Math.min(wide * 0.46, upright * 1.6), upright };
}

function onScreen(x, y) {
  const { across, upright } = spread();
  return [wide / 2 + x * across * eye.zoom + eye.x, (high - FOOT) / 2 - y * upright * eye.zoom + eye.y];
}

function placeOf(learning) {
  return onScreen(learnings.x[learning], learnings.y[learning]);
}

function markSize() {
  const crowd = LEARNINGS > 2500 ? 0.62 : LEARNINGS > 700 ? 0.8 : 1;
  return crowd * Math.min(2.2, Math.max(0.8, eye.zoom ** 0.35));
}

// A company's mark, drawn once and then stamped.
function stampOf(company, size, dots) {
  const key = `${company} ${size.toFixed(2)} ${dots}`;
  if (!stamps.has(key)) {
    const side = Math.ceil(16 * size);
    const stamp = document.createElement('canvas');
    stamp.width = stamp.height = side * dots;
    const own = stamp.getContext('2d');
    own.scale(dots * size, dots * size);
    own.translate(side / 2 / size, side / 2 / size);
    const path = new Path2D(MARKS[data.companies[company].mark]);
    own.lineWidth = 1.6;
    own.strokeStyle = ink('ground');
    own.stroke(path);
    own.fillStyle = colourOf(company);
    own.fill(path);
    stamps.set(key, { stamp, side });
  }
  return stamps.get(key);
}

function redraw() {
  if (!drawing) drawing = requestAnimationFrame(drawMap);
}

function drawMap() {
  drawing = 0;
  if (board.view !== 'map' || !wide) return;
  const dots = window.devicePixelRatio || 1;
  pen.setTransform(dots, 0, 0, dots, 0, 0);
  pen.clearRect(0, 0, wide, high);
  data.patterns.forEach((pattern, at) => drawStrokes(pattern, at));
  drawMarks(dots);
  const taken = [];
  if (board.learning >= 0 && isShown(board.learning)) drawRing(board.learning);
  if (board.pattern >= 0) label([board.pattern].map(patternLabel), 'accent', taken);
  pen.globalAlpha = standsOut() ? 0.45 : 1;
  label(data.regions.map(regionLabel), 'region', taken);
  pen.globalAlpha = 1;
  if (eye.zoom > 2.2 && !standsOut()) {
    label(data.patterns.map((_, at) => patternLabel(at)), 'accent', taken);
  }
}

function drawStrokes(pattern, at) {
  const chosen = board.pattern === at;
  if (board.pattern >= 0 && !chosen) return;
  if (board.foundLearnings && !chosen) return;
  pen.strokeStyle = ink(chosen ? 'stroke-chosen' : 'stroke');
  pen.lineCap = pen.lineJoin = 'round';
  // one path for all thick lines: where they meet the colour stays the same
  const soft = new Path2D();
  const thin = new Path2D();
  for (const [one, other, near] of pattern.strokes) {
    if (!isShown(one) || !isShown(other)) continue;
    const [from, to] = [placeOf(one), placeOf(other)];
    for (const path of near ? [soft, thin] : [thin]) {
      path.moveTo(...from);
      path.lineTo(to[0] + 0.01, to[1]);
    }
  }
  pen.lineWidth = 20 * markSize();
  pen.stroke(soft);
  pen.lineWidth = chosen ? 2.5 : 1.5;
  pen.stroke(thin);
}

function drawMarks(dots) {
  const size = markSize();
  const lit = [];
  spots = [];
  pen.globalAlpha = dark.matches ? 0.3 : 0.2;
  for (let at = 0; at < LEARNINGS; at += 1) {
    if (!isShown(at)) continue;
    if (isLit(at)) lit.push(at);
    else stampAt(at, size * 0.8, dots);
  }
  pen.globalAlpha = 1;
  const larger = standsOut() && lit.length < 400 ? size * 1.4 : size;
  for (const at of lit) stampAt(at, larger, dots);
}

function stampAt(learning, size, dots) {
  const [x, y] = placeOf(learning);
  if (x < -20 || y < -20 || x > wide + 20 || y > high + 20) return;
  spots.push([x, y]);
  const { stamp, side } = stampOf(learnings.company[learning], size, dots);
  pen.drawImage(stamp, x - side / 2, y - side / 2, side, side);
}

function standsOut() {
  return board.pattern >= 0 || board.foundLearnings !== null;
}

function drawRing(learning) {
  const [x, y] = placeOf(learning);
  pen.lineWidth = 2.5;
  pen.strokeStyle = ink('accent');
  pen.beginPath();
  pen.arc(x, y, 9 * markSize(), 0, 2 * Math.PI);
  pen.stroke();
}

function regionLabel(region) {
  const said = { at: onScreen(region.x, region.y), text: region.words.join(' · '), lift: 0 };
  return { ...said, lifts: [0, 16, -16, 30, -30, 44, -44] };
}

function patternLabel(at) {
  const { members, title } = data.patterns[at];
  const shown = members.filter((one) => one.place >= 0 && isShown(one.place));
  if (!shown.length) return null;
  const places = shown.map((one) => placeOf(one.place));
  const middle = places.reduce((sum, [x]) => sum + x, 0) / places.length;
  const top = Math.min(...places.map(([, y]) => y));
  return { at: [middle, top], text: shortened(title, 44), lift: 16 * markSize() };
}

function shortened(text, most) {
  const signs = [...text];
  return signs.length > most ? `${signs.slice(0, most - 1).join('')}…` : text;
}

// Labels in the order given; one that would lie on another is left out.
function label(labels, colour, taken) {
  pen.font = `600 12px ${getComputedStyle(document.body).fontFamily}`;
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.lineJoin = 'round';
  for (const one of labels) {
    if (!one) continue;
    const half = pen.measureText(one.text).width / 2 + 6;
    const x = Math.min(Math.max(one.at[0], half + 4), wide - half - 4);
    const boxes = (one.lifts ?? [one.lift]).map((lift) => boxAround(x, one.at[1] - lift, half));
    const free = boxes.filter((box) => isFree(box, taken));
    if (Math.abs(x - one.at[0]) > half || !free.length) continue;
    // where it hides the fewest marks, the nearest to its place among equals
    const box = free.map((each) => ({ each, hides: hidden(each) })).reduce(
      (best, other) => (other.hides < best.hides ? other : best)).each;
    const y = (box[1] + box[3]) / 2;
    taken.push(box);
    pen.strokeStyle = ink('ground');
    pen.lineWidth = 4;
    pen.strokeText(one.text, x, y);
    pen.fillStyle = ink(colour);
    pen.fillText(one.text, x, y);
  }
}

function boxAround(x, y, half) {
  return [x - half, y - 11, x + half, y + 11];
}

function isFree(box, taken) {
  const inside = box[1] > 1 && box[3] < high - FOOT / 2;
  return inside && !taken.some((other) => overlap(box, other));
}

function hidden([left, top, right, bottom]) {
  let count = 0;
  for (const [x, y] of spots) if (x > left - 3 && x < right + 3 && y > top - 3 && y < bottom + 3) count += 1;
  return count;
}

function overlap(one, other) {
  return one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
}

function fit() {
  const box = canvas.getBoundingClientRect();
  if (!box.width) return;
  const dots = window.devicePixelRatio || 1;
  wide = box.width;
  high = box.height;
  canvas.width = Math.round(wide * dots);
  canvas.height = Math.round(high * dots);
  redraw();
}

// -- moving about --------------------------------------------------------------------------

function zoom(factor, x = wide / 2, y = (high - FOOT) / 2) {
  const next = Math.min(CLOSEST, Math.max(FARTHEST, eye.zoom * factor));
  const by = next / eye.zoom;
  // what is under the pointer stays there
  eye.x = x - wide / 2 - (x - wide / 2 - eye.x) * by;
  eye.y = y - (high - FOOT) / 2 - (y - (high - FOOT) / 2 - eye.y) * by;
  eye.zoom = next;
  redraw();
}

function wholeMap() {
  Object.assign(eye, { zoom: 1, x: 0, y: 0 });
  redraw();
}

function bringIntoView(learning) {
  const [x, y] = placeOf(learning);
  if (x > 40 && y > 40 && x < wide - 40 && y < high - 60) return;
  eye.x += wide / 2 - x;
  eye.y += high / 2 - y;
}

function nearby(x, y) {
  const near = [];
  for (let at = 0; at < LEARNINGS; at += 1) {
    if (!isShown(at)) continue;
    const place = placeOf(at);
    const distance = Math.hypot(place[0] - x, place[1] - y);
    // what stands out is meant before what does not
    if (distance < REACH) near.push({ at, distance: distance + (isLit(at) ? 0 : REACH) });
  }
  return near.sort((one, other) => one.distance - other.distance).map((one) => one.at);
}

const tip = document.getElementById('tip');
const MOST_IN_TIP = 4;

function showTip(near, x, y) {
  tip.hidden = !near.length;
  canvas.classList.toggle('over', near.length > 0);
  if (!near.length) return;
  tip.replaceChildren(...near.slice(0, MOST_IN_TIP).map(inTip));
  if (near.length > MOST_IN_TIP) tip.append(make('div', {}, `and ${near.length - MOST_IN_TIP} more here`));
  const right = x + 16 + tip.offsetWidth > wide;
  tip.style.left = `${Math.max(4, right ? x - 16 - tip.offsetWidth : x + 16)}px`;
  tip.style.top = `${Math.max(4, Math.min(y + 14, high - tip.offsetHeight - 6))}px`;
}

function inTip(learning) {
  const company = learnings.company[learning];
  const patterns = (patternsOf.get(learning) ?? []).map((at) => data.patterns[at].title);
  const said = `${nameOf(company)} · ${learnings.category[learning]}`;
  const lines = [words(learnings.title[learning]), make('div', { class: 'about' }, markOf(company), said)];
  for (const title of patterns) {
    lines.push(make('div', { class: 'about' }, 'pattern: ', words(shortened(title, 60))));
  }
  return make('div', {}, ...lines);
}

const pointers = new Map();
let moved = 0;

canvas.addEventListener('pointerdown', (event) => {
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
  moved = 0;
});

canvas.addEventListener('pointermove', (event) => {
  const here = [event.offsetX, event.offsetY];
  const before = pointers.get(event.pointerId);
  if (!before) {
    showTip(nearby(...here), ...here);
    return;
  }
  const [other] = [...pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
  moved += Math.hypot(here[0] - before[0], here[1] - before[1]);
  if (other) {
    const apart = (at) => Math.hypot(at[0] - other[0], at[1] - other[1]) || 1;
    zoom(apart(here) / apart(before), (here[0] + other[0]) / 2, (here[1] + other[1]) / 2);
  } else {
    eye.x += here[0] - before[0];
    eye.y += here[1] - before[1];
    redraw();
  }
  pointers.set(event.pointerId, here);
  canvas.classList.toggle('dragged', moved > 4);
  tip.hidden = true;
});

canvas.addEventListener('pointerup', (event) => {
  if (pointers.delete(event.pointerId) && moved < 5) {
    const [at] = nearby(event.offsetX, event.offsetY);
    change({ learning: at ?? -1, thing: -1, ...(at === undefined ? { pattern: -1 } : {}) });
  }
  canvas.classList.remove('dragged');
});
canvas.addEventListener('pointercancel', (event) => pointers.delete(event.pointerId));
canvas.addEventListener('pointerleave', () => showTip([]));
canvas.addEventListener('wheel', (event) => {
  event.preventDefault();
  zoom(Math.exp(-Math.max(-120, Math.min(120, event.deltaY)) / 400), event.offsetX, event.offsetY);
  tip.hidden = true;
}, { passive: false });

function walk(step) {
  const shown = [];
  for (let at = 0; at < LEARNINGS; at += 1) if (isShown(at) && isLit(at)) shown.push(at);
  if (!shown.length) return;
  const now = shown.indexOf(board.learning);
  const next = now < 0 ? (step > 0 ? 0 : shown.length - 1) : (now + step + shown.length) % shown.length;
  bringIntoView(shown[next]);
  change({ learning: shown[next], thing: -1 });
}

const STEP = 60;
const KEYS = {
  ArrowLeft: () => { eye.x += STEP; },
  ArrowRight: () => { eye.x -= STEP; },
  ArrowUp: () => { eye.y += STEP; },
  ArrowDown: () => { eye.y -= STEP; },
  '+': () => zoom(1.4),
  '=': () => zoom(1.4),
  '-': () => zoom(1 / 1.4),
  0: wholeMap,
  n: () => walk(1),
  p: () => walk(-1),
  Escape: () => change({ learning: -1, pattern: -1 }),
};

canvas.addEventListener('keydown', (event) => {
  const act = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  tip.hidden = true;
  act();
  redraw();
});

for (const [id, act] of [['closer', () => zoom(1.5)], ['further', () => zoom(1 / 1.5)], ['whole', wholeMap]]) {
  document.getElementById(id).addEventListener('click', act);
}
new ResizeObserver(fit).observe(canvas);
