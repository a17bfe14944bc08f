// Ctrl+K: find anyone as one types. What is typed goes in the body of a POST, never into an address.
// The newest answer wins; an input method's unfinished text is never sent.
import { say } from './words.js';

const WAIT = 60;
// The same table as PLATE_COLOURS in templatetags/cheban.py.
const colours = {
  blue: 'blue', nev_small: 'green', nev_large: 'yellow-green', yellow: 'yellow', trainer: 'yellow', trailer: 'yellow',
  police: 'white', military: 'white', emergency: 'white', hongkong_macao: 'black', embassy: 'black', consulate: 'black',
};
const dialog = document.getElementById('palette');
if (dialog) start(dialog);

function start(dialog) {
  const field = dialog.querySelector('input');
  const box = dialog.querySelector('.palette-list');
  const took = dialog.querySelector('[data-took]');
  let timer;
  let composing = false;
  let flight;
  let chosen = 0;

  new MutationObserver(() => {
    if (!dialog.open) {
      flight?.abort();
      return;
    }
    field.value = '';
    field.focus();
    look();
  }).observe(dialog, { attributes: true, attributeFilter: ['open'] });

  field.addEventListener('compositionstart', () => { composing = true; });
  field.addEventListener('compositionend', () => { composing = false; later(); });
  field.addEventListener('input', () => composing || later());
  field.addEventListener('keydown', (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      choose(chosen + step);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      const item = items()[chosen];
      if (item) item.click();
    }
  });
  box.addEventListener('mousemove', (event) => {
    const item = event.target.closest('.palette-item');
    if (item) choose(items().indexOf(item), false);
  });

  const items = () => [...box.querySelectorAll('.palette-item')];

  function choose(n, scroll = true) {
    const all = items();
    if (!all.length) return;
    chosen = (n + all.length) % all.length;
    all.forEach((item, i) => item.setAttribute('aria-selected', String(i === chosen)));
    field.setAttribute('aria-activedescendant', all[chosen].id);
    if (scroll) all[chosen].scrollIntoView({ block: 'nearest' });
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(look, WAIT);
  }

  async function look() {
    const q = field.value.trim();
    flight?.abort();
    flight = new AbortController();
    const started = performance.now();
    try {
      const body = new FormData();
      body.set('q', q);
      const response = await fetch(dialog.dataset.url, {
        method: 'POST', body, signal: flight.signal,
        headers: { 'X-CSRFToken': document.querySelector('meta[name=csrf-token]').content, Accept: 'application/json', 'HX-Request': 'true' },
      });
      if (response.status === 401) {
        location.assign('/account/login/');
        return;
      }
      if (!response.ok) throw new Error(String(response.status));
      const { groups } = await response.json();
      show(groups, q);
      took.textContent = q ? `${Math.round(performance.now() - started)} ms` : '';
    } catch (error) {
      if (error.name !== 'AbortError') tell(say('search_failed'));
    }
  }

  function tell(text, hint = '') {
    const p = document.createElement('p');
    p.className = 'palette-empty';
    p.append(text);
    if (hint) {
      const small = document.createElement('small');
      small.textContent = hint;
      p.append(small);
    }
    box.replaceChildren(p);
  }

  function show(groups, q) {
    const shown = q ? groups : [...groups, ...places('')];
    const matching = q ? places(q) : [];
    const all = [...shown, ...matching].filter((group) => group.items.length);
    if (!all.length) {
      tell(say('nothing', { q }), say('nothing_hint'));
      return;
    }
    let n = 0;
    box.replaceChildren(...all.map((group) => {
      const section = document.createElement('div');
      section.setAttribute('role', 'group');
      section.setAttribute('aria-label', group.label);
      const head = document.createElement('div');
      head.className = 'palette-group';
      head.textContent = group.label;
      section.append(head, ...group.items.map((item) => row(item, n++)));
      return section;
    }));
    choose(0);
  }

  function row(item, n) {
    const link = document.createElement('a');
    link.className = 'palette-item';
    link.id = `palette-item-${n}`;
    link.href = item.url;
    link.tabIndex = -1;
    link.setAttribute('role', 'option');
    link.append(span('palette-title', item.title));
    if (item.plate) link.append(plate(item.plate, item.plate_kind));
    if (item.subtitle) link.append(span('palette-sub', item.subtitle));
    return link;
  }

  function span(className, text) {
    const made = document.createElement('span');
    made.className = className;
    made.textContent = text;
    return made;
  }

  function plate(number, kind = '') {
    const chinese = /^[\u4e00-\u9fff]/.test(number);
    const text = chinese && !number.includes('·') && number.length > 2 ? `${number.slice(0, 2)}·${number.slice(2)}` : number;
    return span(chinese || kind ? `plate plate-${colours[kind] ?? 'plain'}` : 'code', text);
  }

  /** Pages of the menu and deeds of this page whose name holds what was typed. */
  function places(q) {
    const found = [...document.querySelectorAll('.side .nav-item, [data-palette-action]')]
      .map((e) => ({ title: e.dataset.paletteAction || (e.querySelector('.label') ?? e).textContent.trim(), url: e.href }))
      .filter((e) => e.url && (!q || e.title.toLowerCase().includes(q.toLowerCase())));
    return found.length ? [{ label: say('pages'), items: found }] : [];
  }
}
