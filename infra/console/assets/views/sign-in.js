// The sign-in form.

import * as api from '../api.js';
import { h, setText } from '../dom.js';
import { errorText } from '../error-messages.js';
import * as session from '../session.js';

/** `wasRejected`: whether the API rejected a stored token. `done` is called when the API accepts the new one. */
export function signIn(wasRejected, done) {
  const problem = h('p', { class: 'error', id: 'sign-in-problem', role: 'alert' });
  if (wasRejected) setText(problem, 'Invalid or expired token.');
  session.signOut();
  const field = h('input', {
    type: 'password', id: 'token', name: 'token', autocomplete: 'current-password', required: true, spellcheck: 'false',
    autocapitalize: 'off', autofocus: true, 'aria-describedby': 'sign-in-problem token-help',
  });
  const button = h('button', { type: 'submit', class: 'first' }, 'Sign in');

  async function submit(event) {
    event.preventDefault();
    const token = field.value.trim();
    if (token === '') return;
    button.disabled = true;
    setText(problem, '');
    session.signIn(token);
    try {
      await api.listContents({ limit: 1 });
      done();
    } catch (error) {
      session.signOut();
      setText(problem, errorText(error));
      field.setAttribute('aria-invalid', 'true');
      field.select();
      field.focus();
    } finally {
      button.disabled = false;
    }
  }

  const element = h('section', { class: 'card narrow' },
    h('h1', {}, 'Sign in'),
    h('p', { class: 'soft' }, 'Upload videos, follow packaging, and play the streams.'),
    h('form', { class: 'stack', onsubmit: submit },
      h('label', { for: 'token' }, 'Token'),
      field,
      h('p', { class: 'hint', id: 'token-help' }, 'The token is stored until you sign out or close this tab.'),
      problem,
      h('div', { class: 'row' }, button)));
  return { element, title: 'Sign in' };
}
