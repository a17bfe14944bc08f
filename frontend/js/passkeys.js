// Passkeys: asks the device, puts its answer into the form's hidden field and sends the form.
// <form data-passkey="add|use|sign-in"> with [data-passkey-go], [data-passkey-problem] and input[name=credential];
// the options stand in #passkey-options, or are fetched from the form's own address (sign-in).
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (sign) => sign.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');

function opened(options) {
  const asked = structuredClone(options.publicKey);
  asked.challenge = bytes(asked.challenge);
  if (asked.user) asked.user.id = bytes(asked.user.id);
  for (const list of [asked.excludeCredentials, asked.allowCredentials]) {
    for (const each of list ?? []) each.id = bytes(each.id);
  }
  return { publicKey: asked };
}

function answered(credential) {
  const response = {};
  for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  return {
    id: credential.id, rawId: text(credential.rawId), type: credential.type, response,
    authenticatorAttachment: credential.authenticatorAttachment, clientExtensionResults: credential.getClientExtensionResults(),
  };
}

async function go(form) {
  const kind = form.dataset.passkey;
  const data = kind === 'sign-in'
    ? await (await fetch(form.action, { headers: { 'X-Requested-With': 'XMLHttpRequest', Accept: 'application/json' } })).json()
    : JSON.parse(document.getElementById('passkey-options').textContent);
  let options = data.request_options ?? data.creation_options;
  options = opened(options);
  if (kind === 'add') {
    options.publicKey.authenticatorSelection = { ...options.publicKey.authenticatorSelection, residentKey: 'required', requireResidentKey: true, userVerification: 'required' };
  }
  const credential = kind === 'add' ? await navigator.credentials.create(options) : await navigator.credentials.get(options);
  form.elements.credential.value = JSON.stringify(answered(credential));
  form.submit();
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-passkey-go]');
  if (!button) return;
  const form = button.closest('form');
  const problem = form.querySelector('[data-passkey-problem]');
  problem.hidden = true;
  button.disabled = true;
  go(form).catch(() => { problem.hidden = false; }).finally(() => { button.disabled = false; });
});

for (const form of document.querySelectorAll('form[data-passkey="sign-in"]')) {
  form.hidden = !window.PublicKeyCredential;
}
