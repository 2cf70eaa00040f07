// Who is using the page: a token, kept until the tab is closed and sent to nothing but the platform's own API.

const KEY = 'token';

/** The token, or nothing when none is needed or none was given. */
export function token() {
  return sessionStorage.getItem(KEY);
}

export function signIn(value) {
  sessionStorage.setItem(KEY, value);
}

export function signOut() {
  sessionStorage.removeItem(KEY);
}
