// What is shown and chosen now. Whoever changes it says so; whoever shows it listens.

const data = JSON.parse(document.getElementById('data').textContent);
const learnings = data.learnings;
const LEARNINGS = learnings.title.length;

const board = {
  view: 'map',
  hidden: new Set(), // companies
  query: '',
  foundLearnings: null, // a set of places in `learnings` while something is searched for
  foundThings: null, // a set of places in `data.exchange.things`
  learning: -1,
  pattern: -1,
  thing: -1,
};

const patternsOf = new Map(); // learning → its patterns
data.patterns.forEach((pattern, at) => {
  for (const member of pattern.members) {
    if (member.place < 0) continue;
    if (!patternsOf.has(member.place)) patternsOf.set(member.place, []);
    patternsOf.get(member.place).push(at);
  }
});

const listeners = [];

function listen(listener) {
  listeners.push(listener);
}

function change(news) {
  Object.assign(board, news);
  for (const listener of listeners) listener(news);
}

const plainText = (text) => text.toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '');
const searched = learnings.title.map((title, at) =>
  plainText(`${title} ${learnings.category[at]} ${nameOf(learnings.company[at])} ${learnings.id[at]}`),
);
const searchedThings = data.exchange.things.map((thing) => {
  const takers = thing.takers.map(([company]) => nameOf(company)).join(' ');
  return plainText(`${thing.name} ${thing.kind} ${thing.category} ${nameOf(thing.origin)} ${takers}`);
});

function search(query) {
  const asked = plainText(query).split(/\s+/).filter(Boolean);
  if (!asked.length) {
    change({ query: '', foundLearnings: null, foundThings: null });
    return;
  }
  const matching = (texts) => {
    const found = new Set();
    texts.forEach((text, at) => {
      if (asked.every((word) => text.includes(word))) found.add(at);
    });
    return found;
  };
  change({ query, foundLearnings: matching(searched), foundThings: matching(searchedThings) });
}

function toggle(company) {
  const hidden = new Set(board.hidden);
  if (!hidden.delete(company)) hidden.add(company);
  change({ hidden });
}

function isShown(learning) {
  return !board.hidden.has(learnings.company[learning]);
}

// Whether a learning stands out from the others, if anything does.
function isLit(learning) {
  if (board.pattern >= 0) return patternsOf.get(learning)?.includes(board.pattern) ?? false;
  return board.foundLearnings === null || board.foundLearnings.has(learning);
}
