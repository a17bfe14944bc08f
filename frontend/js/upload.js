// Files: drop, check type and size before anything is sent, show how far the sending is.
// A form[data-upload] with a [data-drop] zone; plain forms are sent with XMLHttpRequest and follow the answer's address.
import { listed, say } from './words.js';

const size = (bytes) => (bytes >= 1048576 ? `${(bytes / 1048576).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1024))} kB`);

for (const name of ['dragenter', 'dragover', 'dragleave', 'drop']) {
  document.addEventListener(name, (event) => {
    const zone = event.target.closest?.('[data-drop]');
    if (!zone) return;
    event.preventDefault();
    zone.classList.toggle('is-over', name === 'dragenter' || name === 'dragover');
    if (name === 'drop' && event.dataTransfer.files.length) {
      const input = zone.querySelector('input[type=file]');
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event('change', { bubbles: true }));
    }
  });
}

document.addEventListener('change', (event) => {
  const zone = event.target.matches?.('input[type=file]') && event.target.closest('[data-drop]');
  if (!zone) return;
  const input = event.target;
  const file = input.files[0];
  const problem = [...input.files].map((each) => wrong(each, input, Number(zone.dataset.limitMb))).find(Boolean) ?? '';
  const error = zone.querySelector('[data-error]');
  error.hidden = !problem;
  error.textContent = problem;
  if (problem) input.value = '';
  const shown = zone.querySelector('[data-file]');
  shown.hidden = !file || Boolean(problem);
  shown.textContent = file && !problem ? `${listed([...input.files].map((f) => f.name))} · ${size([...input.files].reduce((n, f) => n + f.size, 0))}` : '';
  zone.classList.toggle('has-file', Boolean(file) && !problem);
  if (file && !problem && input.hasAttribute('data-auto')) input.form.requestSubmit();
});

function wrong(file, input, limit) {
  const types = input.accept.split(',').map((t) => t.trim().toLowerCase()).filter(Boolean);
  if (types.length && !types.some((t) => file.name.toLowerCase().endsWith(t))) {
    return say('wrong_type', { name: file.name, types: types.join(' ') });
  }
  if (!file.size) return say('empty_file', { name: file.name });
  if (limit && file.size > limit * 1048576) return say('too_big', { name: file.name, size: size(file.size), limit: `${limit} MB` });
  return '';
}

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (!form.matches('[data-upload]') || event.defaultPrevented || form.hasAttribute('hx-post')) return;
  event.preventDefault();
  const bar = form.querySelector('progress');
  const shown = form.querySelector('[data-file]');
  const fail = (text) => {
    const error = form.querySelector('[data-error]');
    if (error) Object.assign(error, { hidden: false, textContent: text });
    if (bar) bar.hidden = true;
    form.querySelectorAll('button').forEach((b) => { b.disabled = false; });
  };
  const request = new XMLHttpRequest();
  request.open('POST', form.action || location.href);
  request.setRequestHeader('Accept', 'text/html, application/problem+json');
  request.upload.addEventListener('progress', (progress) => {
    if (!progress.lengthComputable || !bar) return;
    const percent = Math.round((100 * progress.loaded) / progress.total);
    bar.hidden = false;
    bar.value = percent;
    if (shown) shown.textContent = percent < 100 ? say('uploading', { n: percent }) : say('uploaded');
  });
  request.addEventListener('error', () => fail(say('offline_hint')));
  request.addEventListener('load', () => {
    if (request.status >= 400) {
      let text = say('failed_hint');
      try {
        text = JSON.parse(request.responseText).detail ?? text;
      } catch {
        text = new DOMParser().parseFromString(request.responseText, 'text/html').querySelector('[data-error-message]')?.textContent.trim() ?? text;
      }
      fail(text);
      return;
    }
    location.assign(request.responseURL);
  });
  // The values are read before the buttons are switched off: a disabled button is left out.
  const body = new FormData(form, event.submitter);
  form.querySelectorAll('button').forEach((b) => { b.disabled = true; });
  request.send(body);
});
