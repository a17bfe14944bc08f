// [data-fold] of the menu: a group stays open or folded as somebody left it, on every page and in both menus.
import { keep, kept } from './cookies.js';

document.addEventListener('click', (event) => {
  const fold = event.target.closest('[data-fold] > summary')?.parentElement;
  if (!fold) return;
  const opens = !fold.open; // the click's own doing comes after this
  const twins = document.querySelectorAll(`[data-fold="${fold.dataset.fold}"]`);
  twins.forEach((twin) => twin !== fold && (twin.open = opens));
  const open = new Set((kept('menu') ?? document.querySelector('[data-menu]').dataset.menu).split('.').filter(Boolean));
  if (opens) open.add(fold.dataset.fold);
  else open.delete(fold.dataset.fold);
  keep('menu', [...open].join('.'));
});
