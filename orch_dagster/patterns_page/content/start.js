// The two views, what follows from a change, and the first picture.

const views = ['map', 'exchange'];
const tabs = views.map((view) => document.getElementById(`tab-${view}`));

function showView() {
  views.forEach((view, at) => {
    const here = board.view === view;
    document.getElementById(`view-${view}`).hidden = !here;
    tabs[at].setAttribute('aria-selected', here);
    tabs[at].tabIndex = here ? 0 : -1;
  });
  if (board.view === 'map') fit();
}

tabs.forEach((tab, at) => {
  tab.addEventListener('click', () => change({ view: views[at], thing: -1 }));
  tab.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    const next = (at + 1) % tabs.length;
    change({ view: views[next], thing: -1 });
    tabs[next].focus();
  });
});

listen((news) => {
  if ('view' in news) showView();
  if ('hidden' in news) keepingFocus(legend, 'data-company', showLegend);
  if ('pattern' in news) keepingFocus(patternList, 'data-pattern', showPatterns);
  if ('query' in news || 'view' in news) showFound();
  showChosen();
  drawExchange();
  redraw();
});

dark.addEventListener('change', () => {
  stamps = new Map();
  change({ hidden: board.hidden, pattern: board.pattern, query: board.query });
});

function start() {
  const all = data.companies.reduce((sum, company) => sum + company.learnings, 0);
  const drawn = LEARNINGS < all ? ` (${LEARNINGS.toLocaleString('en')} of them drawn)` : '';
  const said = `${counted(all, 'learning')}${drawn} of ${counted(data.companies.length, 'company', 'companies')}`;
  const patterns = counted(data.patterns.length, 'pattern');
  document.getElementById('counts').textContent = `${said}, ${patterns}, as of ${data.made}.`;
  canvas.setAttribute('aria-label', `Map of ${said}`);
  document.getElementById('exchange-key').textContent =
    'Square boxes are components, round ones shared learnings. An arrow leads from the company something came '
    + 'from to one that has it; the thicker, the more alike the copy still is.';
  document.documentElement.dataset.ready = 'yes';
  change({ view: 'map', hidden: board.hidden, pattern: -1 });
}

start();
