// htmx with our token, and its failures as toasts instead of silence.
import htmx from 'htmx.org/dist/htmx.esm.js';
import { say } from './words.js';
import { toast } from './toasts.js';

document.addEventListener('htmx:configRequest', (event) => {
  if (event.detail.verb !== 'get') {
    event.detail.headers['X-CSRFToken'] = document.querySelector('meta[name=csrf-token]')?.content ?? '';
  }
});

// A form that comes back with what is wrong in it (422, a page) takes the form's place.
document.addEventListener('htmx:beforeSwap', (event) => {
  const { xhr } = event.detail;
  if (xhr.status === 422 && xhr.getResponseHeader('Content-Type')?.startsWith('text/html')) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

// A refusal comes as problem+json: {title, detail}. Show its sentence; the page stays as it was.
document.addEventListener('htmx:responseError', (event) => {
  const { xhr } = event.detail;
  let problem = {};
  try {
    problem = JSON.parse(xhr.responseText);
  } catch {
    // not JSON: a proxy's page, say; the general sentence stands in
  }
  toast({ level: 'error', title: problem.title ?? say('failed'), text: problem.detail ?? say('failed_hint') });
});
for (const name of ['htmx:sendError', 'htmx:timeout']) {
  document.addEventListener(name, () => toast({ level: 'error', title: say('offline'), text: say('offline_hint') }));
}

// While a fragment is on its way its sender cannot be pressed twice.
document.addEventListener('htmx:beforeRequest', (event) => event.detail.elt.setAttribute('aria-busy', 'true'));
document.addEventListener('htmx:afterRequest', (event) => event.detail.elt.removeAttribute('aria-busy'));

export default htmx;
