// Filters that send themselves, copying, and forms that cannot be sent twice. What one types into a choice (select.js)
// only searches it.
import { say } from './words.js';
import { toast } from './toasts.js';

let timer;

document.addEventListener('change', (event) => {
  const form = event.target.closest?.('form[data-autosubmit]');
  if (form && !event.target.matches('input[type=text], input[type=search]')) form.requestSubmit();
});

document.addEventListener('input', (event) => {
  const form = event.target.closest?.('form[data-autosubmit]');
  if (!form || event.isComposing || event.target.closest('.ts-wrapper') || !event.target.matches('input[type=text], input[type=search]')) return;
  clearTimeout(timer);
  timer = setTimeout(() => form.requestSubmit(), 300);
});

document.addEventListener('compositionend', (event) => {
  const form = event.target.closest?.('form[data-autosubmit]');
  if (form && !event.target.closest('.ts-wrapper')) form.requestSubmit();
});

// Empty fields do not belong in an address.
document.addEventListener('formdata', (event) => {
  if (event.target.method !== 'get') return;
  for (const [name, value] of [...event.formData]) {
    if (value === '') event.formData.delete(name);
  }
});

document.addEventListener('click', async (event) => {
  const copier = event.target.closest('[data-copy]');
  if (!copier) return;
  await navigator.clipboard.writeText(copier.dataset.copy);
  toast({ level: 'success', text: say('copied') });
});

// A field of a text, put where the cursor stands.
document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-inserts]');
  const into = button && document.getElementById(button.dataset.into);
  if (!into) return;
  into.setRangeText(button.dataset.inserts, into.selectionStart, into.selectionEnd, 'end');
  into.dispatchEvent(new Event('input', { bubbles: true }));
  into.focus();
});

// A second press while the first is on its way sends nothing.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === 'get' || form.method === 'dialog' || form.matches('[hx-post], [data-upload]')) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = 'yes';
  setTimeout(() => delete form.dataset.sent, 4000);
});
window.addEventListener('pageshow', () => document.querySelectorAll('form[data-sent]').forEach((f) => delete f.dataset.sent));

// "All right" on a form that asks of every line: each radio button of that value.
document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-check-all]');
  if (!button) return;
  for (const radio of button.form.querySelectorAll(`input[type=radio][value="${button.dataset.checkAll}"]`)) {
    radio.checked = true;
  }
});
