// Dialogs, menus and questions: `data-opens="id"`, `data-closes`, `hx-confirm` and `form[data-confirm]`.
// In the question of a form {n}, {sample} and {to} stand for the ticked rows and the colleague chosen.
// All are native <dialog> and <details>; focus goes back to where it was.

/** Opens a dialog by id, as a modal; never on top of another one. */
export function open(id) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return dialog;
  document.querySelectorAll('dialog[open]').forEach((other) => other.close());
  dialog.showModal();
  return dialog;
}

document.addEventListener('click', (event) => {
  const opener = event.target.closest('[data-opens]');
  if (opener) {
    event.preventDefault();
    closeMenus();
    open(opener.dataset.opens);
    return;
  }
  if (event.target.closest('[data-closes]')) {
    event.target.closest('dialog')?.close();
    return;
  }
  // A click on the veil (the dialog's own box, outside its content) closes it.
  if (event.target instanceof HTMLDialogElement && event.target.open) {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  }
  closeMenus(event.target.closest('details.menu'));
});

function closeMenus(except) {
  document.querySelectorAll('details.menu[open]').forEach((menu) => menu !== except && menu.removeAttribute('open'));
}

document.addEventListener('keydown', (event) => {
  const menu = event.key === 'Escape' && document.querySelector('details.menu[open]');
  if (menu) {
    menu.removeAttribute('open');
    menu.querySelector('summary').focus();
  }
});

/** Asks in the page's own dialog; resolves to true when agreed. `from` may carry data-confirm-ok and -danger. */
export function ask(text, from) {
  const dialog = document.getElementById('confirm');
  const ok = dialog.querySelector('[data-ok]');
  dialog.querySelector('#confirm-text').textContent = text;
  ok.textContent = from?.dataset.confirmOk ?? ok.dataset.okLabel;
  ok.classList.toggle('btn-danger', from?.hasAttribute('data-confirm-danger') ?? false);
  ok.classList.toggle('btn-primary', !ok.classList.contains('btn-danger'));
  dialog.returnValue = 'no';
  const within = document.querySelectorAll('dialog[open]');
  within.forEach((other) => other !== dialog && other.close());
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}

document.addEventListener('htmx:confirm', async (event) => {
  if (!event.detail.question) return;
  event.preventDefault();
  if (await ask(event.detail.question, event.detail.elt)) event.detail.issueRequest(true);
});

document.addEventListener('submit', async (event) => {
  const form = event.target;
  const asking = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  if (!asking || form.dataset.agreed) {
    delete form.dataset.agreed;
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  const source = event.submitter?.dataset.confirm ? event.submitter : form;
  const chosen = form.querySelector('select[name=to]')?.selectedOptions[0]?.textContent ?? '';
  const text = asking.replace('{n}', form.dataset.confirmCount ?? '').replace('{sample}', form.dataset.confirmSample ?? '').replace('{to}', chosen);
  if (await ask(text, source)) {
    form.dataset.agreed = 'yes';
    form.requestSubmit(event.submitter);
  }
}, true);

// A fragment for the drawer opens it.
document.addEventListener('htmx:afterSwap', (event) => {
  if (event.detail.target.id === 'drawer-body') open('drawer');
});
