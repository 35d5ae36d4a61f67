// Beside the pictures: search, what is chosen, the companies, the patterns.

const MOST_FOUND = 50;
const searchBox = document.getElementById('search');
const foundList = document.getElementById('found');
const foundCount = document.getElementById('found-count');
const chosen = document.getElementById('chosen');
const legend = document.getElementById('legend');
const patternList = document.getElementById('patterns');
const showAll = document.getElementById('show-all');

let waiting = 0;
searchBox.addEventListener('input', () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    change({ pattern: -1, learning: -1, thing: -1 });
    search(searchBox.value);
  }, 120);
});
searchBox.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  searchBox.value = '';
  search('');
});
showAll.addEventListener('click', () => change({ hidden: new Set() }));

// -- found ---------------------------------------------------------------------------------

function showFound() {
  const onMap = board.view === 'map';
  const found = onMap ? board.foundLearnings : board.foundThings;
  if (found === null) {
    foundCount.textContent = '';
    foundList.replaceChildren();
    return;
  }
  const shown = [...found].slice(0, MOST_FOUND);
  const what = onMap ? counted(found.size, 'learning') : counted(found.size, 'thing');
  foundCount.textContent = what + (found.size > shown.length ? `, the first ${shown.length} here` : '');
  foundList.replaceChildren(...shown.map((at) => make('li', {}, onMap ? learningButton(at) : thingButton(at))));
}

function learningButton(at) {
  const company = learnings.company[at];
  return make('button', { 'data-learning': at, onclick: () => choose(at) },
    words(learnings.title[at]),
    make('span', { class: 'about' }, markOf(company), `${nameOf(company)} · ${learnings.category[at]}`));
}

function thingButton(at) {
  const thing = data.exchange.things[at];
  return make('button', { onclick: () => change({ thing: at, learning: -1, pattern: -1 }) },
    words(thing.name),
    make('span', { class: 'about' }, markOf(thing.origin), `${thing.kind} of ${nameOf(thing.origin)}`));
}

function choose(learning) {
  if (!isShown(learning)) toggle(learnings.company[learning]);
  bringIntoView(learning);
  change({ learning, thing: -1 });
}

// -- chosen --------------------------------------------------------------------------------

function showChosen() {
  const parts = board.thing >= 0 ? aboutThing(data.exchange.things[board.thing])
    : board.learning >= 0 ? aboutLearning(board.learning)
      : board.pattern >= 0 ? aboutPattern(data.patterns[board.pattern]) : null;
  chosen.hidden = parts === null;
  chosen.replaceChildren(...(parts ?? []));
  if (parts) {
    const leave = () => change({ learning: -1, pattern: -1, thing: -1 });
    chosen.append(make('div', { class: 'bar' }, make('button', { class: 'quiet', onclick: leave }, 'close')));
  }
}

function facts(pairs) {
  return make('dl', {}, ...pairs.flatMap(([name, value]) => [make('dt', {}, name), make('dd', { dir: 'auto' }, value)]));
}

function heading(text) {
  return make('h2', { dir: 'auto' }, text);
}

function aboutLearning(at) {
  const pairs = [
    ['company', nameOf(learnings.company[at])],
    ['category', learnings.category[at]],
    ['learning', learnings.id[at]],
  ];
  const patterns = (patternsOf.get(at) ?? []).map((number) =>
    make('button', { class: 'quiet', onclick: () => change({ pattern: number, learning: -1 }) },
      `pattern: ${data.patterns[number].title}`));
  return [heading(learnings.title[at]), facts(pairs), ...patterns];
}

function aboutPattern(pattern) {
  const members = pattern.members.map((member) => {
    const text = words(`${member.title} (${percent(member.likeness)})`);
    const said = member.place < 0 ? text
      : make('button', { class: 'quiet', onclick: () => choose(member.place) }, text);
    return make('li', {}, markOf(member.company), make('span', {}, `${nameOf(member.company)}: `, said));
  });
  const pairs = [['pattern', pattern.id], ['words', pattern.keywords.join(', ')], ['score', pattern.score.toFixed(2)]];
  return [heading(pattern.title), facts(pairs), make('ul', {}, ...members)];
}

function aboutThing(thing) {
  const takers = thing.takers.map(([company, alike]) => make('li', {}, markOf(company),
    nameOf(company) + (thing.kind === 'component' ? `, ${percent(alike)} alike` : '')));
  const none = thing.takers.length ? [] : [make('li', {}, 'nobody was shown it yet')];
  const pairs = [['kind', thing.kind], ['came from', nameOf(thing.origin)]];
  if (thing.kind === 'learning') pairs.push(['category', thing.category]);
  return [heading(thing.name), facts(pairs), make('p', { class: 'about' }, 'who has it'), make('ul', {}, ...takers, ...none)];
}

// -- companies and patterns ----------------------------------------------------------------

function showLegend() {
  legend.replaceChildren(...data.companies.map((company, at) => {
    const shown = !board.hidden.has(at);
    const count = company.learnings.toLocaleString('en');
    return make('li', {}, make('button', {
      'aria-pressed': shown, 'data-company': company.name, onclick: () => toggle(at),
      title: `${company.name}: ${counted(company.learnings, 'learning')}; click to ${shown ? 'hide' : 'show'}`,
    }, markOf(at), make('span', { class: 'name' }, company.name), make('span', { class: 'count' }, count)));
  }));
  showAll.hidden = !board.hidden.size;
}

function showPatterns() {
  document.getElementById('no-patterns').hidden = data.patterns.length > 0;
  patternList.replaceChildren(...data.patterns.map((pattern, at) => make('li', {}, make('button', {
    'aria-pressed': board.pattern === at, 'data-pattern': pattern.id,
    onclick: () => change({ pattern: board.pattern === at ? -1 : at, learning: -1, thing: -1, view: 'map' }),
  }, words(pattern.title), make('span', { class: 'about' }, ...pattern.companies.map(markOf),
    `${counted(pattern.companies.length, 'company', 'companies')}, ${counted(pattern.members.length, 'member')}`)))));
}

function keepingFocus(list, name, show) {
  const held = list.contains(document.activeElement) ? document.activeElement.getAttribute(name) : null;
  show();
  if (held !== null) list.querySelector(`[${name}="${CSS.escape(held)}"]`)?.focus();
}
