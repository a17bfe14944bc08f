// Light, dark or as the system has it, and large text: changed at once, kept by the server and a cookie.
import { keep } from './cookies.js';

const root = document.documentElement;

document.addEventListener('submit', (event) => {
  const form = event.target.closest('[data-theme-form]');
  if (!form) return;
  event.preventDefault();
  const { value } = event.submitter;
  root.dataset.bsTheme = value;
  keep('theme', value);
  form.querySelectorAll('button').forEach((b) => b.setAttribute('aria-pressed', String(b.value === value)));
  const body = new FormData(form);
  body.set('theme', value);
  fetch(form.action, { method: 'POST', body, headers: { 'HX-Request': 'true' } }).catch(() => {});
});

document.addEventListener('click', (event) => {
  if (!event.target.closest('[data-text-size]')) return;
  root.dataset.size = root.dataset.size === 'large' ? 'normal' : 'large';
  keep('size', root.dataset.size);
  showSize();
});

function showSize() {
  document.querySelectorAll('[data-text-size]').forEach((b) => b.setAttribute('aria-pressed', String(root.dataset.size === 'large')));
}
showSize();
