// Keys, never while one types or an input method composes.
//   data-key="1"          that key presses the element (a field is focused instead)
//   data-key="g c"        two keys after each other
//   data-key="mod+Enter"  Ctrl or Cmd with Enter, also from inside fields
//   data-key-alt          a second key of the same element
//   data-key-scope        while this is shown, its keys come before the page's
//   data-rove             a list whose [data-rove-item]s J and K walk; "click" opens while walking
// The ? page lists them from the same attributes (data-key-label names what they do).
import { open } from './dialogs.js';

const typing = (event) => event.isComposing || event.keyCode === 229;
const inField = (target) => target.closest?.('input:not([type=checkbox], [type=radio], [type=submit]), textarea, select, [contenteditable=true]');
const visible = (element) => element.checkVisibility?.() ?? element.offsetParent !== null;
const answers = (element) => visible(element.closest('[data-fold]') ?? element); // a folded menu's keys work as well
const tag = (text) => text.replace(/["\\]/g, '\\$&');

let first = null;
let timer;

function press(key) {
  const dialog = document.querySelector('dialog[open]');
  const scopes = dialog ? [dialog] : [...document.querySelectorAll('[data-key-scope]:not([hidden])'), document];
  const wanted = `[data-key="${tag(key)}"], [data-key-alt="${tag(key)}"]`;
  const found = scopes.flatMap((scope) => [...scope.querySelectorAll(wanted)]).find((e) => answers(e) && !e.disabled);
  if (!found) return false;
  if (inField(found)) found.focus();
  else found.click();
  return true;
}

function rove(step) {
  const list = [...document.querySelectorAll('[data-rove]')].find(visible);
  if (!list) return false;
  const items = [...list.querySelectorAll('[data-rove-item]')].filter(visible);
  if (!items.length) return false;
  const now = items.findIndex((i) => i.matches('[aria-current=true]') || i === document.activeElement || i.contains(document.activeElement));
  const next = items[Math.min(Math.max(now + step, 0), items.length - 1)];
  if (items.indexOf(next) === now && now >= 0) return true;
  if (list.dataset.rove === 'click') next.click();
  else (next.matches('a, button, [tabindex]') ? next : next.querySelector('a, button, input'))?.focus();
  next.scrollIntoView({ block: 'nearest' });
  return true;
}

document.addEventListener('keydown', (event) => {
  if (typing(event) || event.defaultPrevented) return;
  const mod = event.ctrlKey || event.metaKey;
  if (mod && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    open('palette');
    return;
  }
  if (mod && event.key === 'Enter') {
    const own = inField(event.target)?.closest('form');
    const submit = own?.querySelector('[data-key="mod+Enter"], [type=submit], button:not([type=button])');
    if (submit) submit.click();
    else if (!press('mod+Enter')) return;
    event.preventDefault();
    return;
  }
  if (mod || event.altKey || inField(event.target)) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (first) {
    const pair = `${first} ${key}`;
    clearTimeout(timer);
    first = null;
    if (press(pair)) {
      event.preventDefault();
      return;
    }
  }
  if (document.querySelector('dialog[open]')) {
    if (press(key)) event.preventDefault();
    return;
  }
  if (key === '/') {
    event.preventDefault();
    open('palette');
  } else if (key === '?') {
    event.preventDefault();
    open('keys');
  } else if (key === 'g') {
    first = key;
    timer = setTimeout(() => { first = null; }, 1200);
  } else if (press(key) || (key === 'j' && rove(1)) || (key === 'k' && rove(-1))) {
    event.preventDefault();
  }
});

// The ? page.
const help = document.getElementById('keys');
if (help) {
  new MutationObserver(() => help.open && list()).observe(help, { attributes: true, attributeFilter: ['open'] });
}

function list() {
  const into = { g: help.querySelector('[data-keys-list=g]'), page: help.querySelector('[data-keys-list=page]') };
  Object.values(into).forEach((dl) => dl.replaceChildren());
  const seen = new Set();
  document.querySelectorAll('[data-key]').forEach((element) => {
    const { key } = element.dataset;
    const label = element.dataset.keyLabel ?? (element.textContent.trim() || element.ariaLabel);
    if (seen.has(key) || help.contains(element) || !label) return;
    seen.add(key);
    const row = document.createElement('div');
    const keys = document.createElement('dt');
    const says = document.createElement('dd');
    key.split(/[ +]/).forEach((k) => {
      const cap = document.createElement('kbd');
      cap.textContent = k === 'mod' ? 'Ctrl' : k.length === 1 ? k.toUpperCase() : k;
      keys.append(cap, ' ');
    });
    says.textContent = label;
    row.append(keys, says);
    (key.startsWith('g ') ? into.g : into.page).append(row);
  });
  help.querySelector('[data-keys-page]').hidden = !into.page.children.length;
}
