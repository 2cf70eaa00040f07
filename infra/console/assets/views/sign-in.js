// Asks for a token.

import * as api from '../api.js';
import { h, tell } from '../dom.js';
import * as session from '../session.js';
import { inWords } from '../words.js';

/** `wasOver`: whether there was a token that no longer holds. `done` is called when one holds. */
export function signIn(wasOver, done) {
  const problem = h('p', { class: 'error', id: 'sign-in-problem', role: 'alert' });
  if (wasOver) tell(problem, 'This token is not known to the platform, or is over.');
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
    tell(problem, '');
    session.signIn(token);
    try {
      await api.contents({ limit: 1 });
      done();
    } catch (error) {
      session.signOut();
      tell(problem, inWords(error));
      field.setAttribute('aria-invalid', 'true');
      field.select();
      field.focus();
    } finally {
      button.disabled = false;
    }
  }

  const element = h('section', { class: 'card narrow' },
    h('h1', {}, 'Sign in'),
    h('p', { class: 'soft' }, 'Upload movies, watch them become streams, play them.'),
    h('form', { class: 'stack', onsubmit: submit },
      h('label', { for: 'token' }, 'Token'),
      field,
      h('p', { class: 'hint', id: 'token-help' }, 'It stays in this tab until you sign out or close it.'),
      problem,
      h('div', { class: 'row' }, button)));
  return { element, title: 'Sign in' };
}
