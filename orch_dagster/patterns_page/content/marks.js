// How a company looks: a colour for the ground there is, and a mark.

const MARKS = {
  circle: 'M5 0A5 5 0 1 1-5 0A5 5 0 1 1 5 0Z',
  triangle: 'M0-6L5.6 4L-5.6 4Z',
  square: 'M-4.5-4.5H4.5V4.5H-4.5Z',
  diamond: 'M0-6.2L5.4 0L0 6.2L-5.4 0Z',
  cross: 'M-1.9-5.4H1.9V-1.9H5.4V1.9H1.9V5.4H-1.9V1.9H-5.4V-1.9H-1.9Z',
  star: 'M0-6.4L1.8-2.2L6.1-2L2.8 .9L3.9 5.2L0 2.9L-3.9 5.2L-2.8 .9L-6.1-2L-1.8-2.2Z',
  wedge: 'M0 6L5.6-4L-5.6-4Z',
  hexagon: 'M-5.6 0L-2.8-5H2.8L5.6 0L2.8 5H-2.8Z',
};
const SVG = 'http://www.w3.org/2000/svg';
const dark = matchMedia('(prefers-color-scheme: dark)');

function colourOf(company) {
  const look = data.companies[company];
  return dark.matches ? look.dark : look.light;
}

function ink(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// An element with attributes and children; a child that is text stays text.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  return filled(element, attributes, children);
}

function draw(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'onclick') element.addEventListener('click', value);
    else if (value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// Stored words: in their own direction, whatever stands around them.
function words(text, name = 'span') {
  return make(name, { class: 'words', dir: 'auto' }, text);
}

function markOf(company) {
  const path = draw('path', { d: MARKS[data.companies[company].mark], fill: colourOf(company) });
  return draw('svg', { class: 'mark', viewBox: '-7 -7 14 14', 'aria-hidden': 'true' }, path);
}

function nameOf(company) {
  return data.companies[company].name;
}

function counted(number, one, many = `${one}s`) {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}
