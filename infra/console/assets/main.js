// The page: which view is shown, and who is signed in.
//
// The address says what is shown: `#/` all movies, `#/movies/ID` one of them. A view is a function that answers an element and
// how to leave it. Whoever the API does not know is asked for a token, whatever the address says, and then shown what it says.

import * as api from './api.js';
import { fill, h } from './dom.js';
import * as session from './session.js';
import { inWords } from './words.js';
import { library } from './views/library.js';
import { movie } from './views/movie.js';
import { signIn } from './views/sign-in.js';

const main = document.getElementById('main');
const signOut = document.getElementById('sign-out');
let leave = () => {};
let isKnown = false;

/** Shows what the address says. `isMove` is false for what is shown first: then the reader stays where they are. */
async function show(isMove = true) {
  leave();
  leave = () => {};
  if (!isKnown) {
    try {
      await api.contents({ limit: 1 });
      isKnown = true;
    } catch (error) {
      if (!error.isSignIn) return stuck(error);
      return place(signIn(session.token() !== null, () => show()), isMove);
    }
  }
  signOut.hidden = session.token() === null;
  const [, name, id] = location.hash.split('/');
  place(name === 'movies' && id ? movie(decodeURIComponent(id), lost) : library(lost), isMove);
}

function place(view, isMove) {
  leave = view.leave ?? leave;
  fill(main, view.element);
  document.title = view.title ? `${view.title} · Video packaging` : 'Video packaging';
  if (isMove) {
    scrollTo(0, 0);
    (main.querySelector('[autofocus]') ?? main).focus();
  }
}

/** What every view does with an error it cannot explain better: who is not known signs in. */
function lost(error) {
  if (!error.isSignIn) return false;
  isKnown = false;
  session.signOut();
  show();
  return true;
}

function stuck(error) {
  fill(main, h('section', { class: 'card narrow', role: 'alert' },
    h('h1', {}, 'Not there'),
    h('p', {}, inWords(error)),
    h('button', { type: 'button', onclick: () => show() }, 'Try again')));
}

signOut.addEventListener('click', () => {
  session.signOut();
  isKnown = false;
  signOut.hidden = true;
  show();
});
addEventListener('hashchange', () => show());
show(false);
