// Toasts: what was done, with 8 seconds to take it back. Errors stay until closed.
// They come from the page (Django messages), from fragments (out of band), from an HX-Trigger
// {"toast": {text, title, level, undo}}, or from other parts of the script.
import { say } from './words.js';

const STAYS = 5000;
const STAYS_WITH_UNDO = 8000;
const region = document.getElementById('toasts');
const signs = { success: 'circle-check', error: 'alert-circle', warning: 'alert-triangle', info: 'info-circle' };

function sign(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  const sprite = document.querySelector('.icon use')?.getAttribute('href')?.split('#')[0] ?? '';
  use.setAttribute('href', `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

function button(className, mark, label) {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = className;
  made.setAttribute(mark, '');
  if (label) made.textContent = label;
  return made;
}

/** Shows a toast. `undo` is the address that takes the deed back; `undone` does it instead of a form's post. */
export function toast({ text, title, level = 'info', undo, undone }) {
  const box = document.createElement('div');
  box.className = `toast toast-${level}`;
  box.dataset.toast = '';
  const body = document.createElement('div');
  body.className = 'toast-text';
  if (title) {
    const head = document.createElement('strong');
    head.textContent = title;
    body.append(head);
  }
  body.append(text ?? '');
  box.append(sign(signs[level] ?? signs.info), body);
  if (undo) {
    box.dataset.undo = undo;
    box.undone = undone;
    box.append(button('toast-undo', 'data-toast-undo', say('undo')));
  }
  const close = button('icon-button', 'data-toast-close');
  close.setAttribute('aria-label', say('close'));
  close.append(sign('x'));
  box.append(close);
  region?.append(box);
}

function leave(box) {
  clearTimeout(box.timer);
  box.classList.add('toast-leaving');
  setTimeout(() => box.remove(), 180);
}

function arm(box) {
  if (box.armed) return;
  box.armed = true;
  if (box.classList.contains('toast-error')) return;
  const start = () => {
    box.timer = setTimeout(() => leave(box), box.dataset.undo ? STAYS_WITH_UNDO : STAYS);
  };
  box.addEventListener('mouseenter', () => clearTimeout(box.timer));
  box.addEventListener('mouseleave', start);
  start();
}

if (region) {
  region.querySelectorAll('[data-toast]').forEach(arm);
  new MutationObserver(() => {
    region.querySelectorAll('[data-toast]').forEach(arm);
    // Never more than three: the oldest leaves.
    const all = region.querySelectorAll('[data-toast]:not(.toast-leaving)');
    if (all.length > 3) leave(all[0]);
  }).observe(region, { childList: true });

  region.addEventListener('click', async (event) => {
    const box = event.target.closest('[data-toast]');
    if (!box) return;
    if (event.target.closest('[data-toast-undo]')) {
      const { default: htmx } = await import('./htmx.js');
      const target = document.querySelector('[data-undo-target]');
      leave(box);
      if (box.undone) {
        box.undone();
      } else if (target) {
        htmx.ajax('POST', box.dataset.undo, { target, swap: 'outerHTML' });
      } else {
        post(box.dataset.undo);
      }
    } else if (event.target.closest('[data-toast-close]')) {
      leave(box);
    }
  });
}

function post(url) {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = url;
  const token = document.createElement('input');
  token.type = 'hidden';
  token.name = 'csrfmiddlewaretoken';
  token.value = document.querySelector('meta[name=csrf-token]')?.content ?? '';
  const query = document.createElement('input'); // so that a list comes back as it was filtered
  query.type = 'hidden';
  query.name = 'query';
  query.value = location.search.slice(1);
  form.append(token, query);
  document.body.append(form);
  form.submit();
}

document.addEventListener('toast', (event) => toast(event.detail));
