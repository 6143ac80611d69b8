// SPDX-License-Identifier: Apache-2.0
//
// Log in, or register: the same two fields.

import * as api from '../api.js';
import { findMissing, h } from '../dom.js';
import { t } from '../i18n.js';
import { beginSession, getSession } from '../state.js';

const NEXT = 'doutok.next';

function goOn(next) {
  const stored = sessionStorage.getItem(NEXT);
  sessionStorage.removeItem(NEXT);
  location.hash = stored ?? (next === undefined ? '#/' : `#/${next}`);
}

function buildField(name, type, autocomplete) {
  const input = h('input.input', {
    id: `login-${name}`, name, type, autocomplete, required: true, maxlength: type === 'password' ? '128' : '32', 'data-need': t(`login.need.${name}`),
    autocapitalize: 'none', spellcheck: 'false', 'data-test': name,
  });
  return { input, field: h('div.field', {}, h('label', { for: input.id }, t(`login.${name}`)), input) };
}

export function show(root, { next }, signal) {
  const name = buildField('username', 'text', 'username');
  const password = buildField('password', 'password', 'current-password');
  const problem = h('p.problem', { role: 'alert', 'data-test': 'problem' });
  const logIn = h('button.button.primary.wide', { value: 'login', 'data-test': 'log-in' }, t('login.log-in'));
  const register = h('button.button.wide', { value: 'register', 'data-test': 'register' }, t('login.register'));

  if (getSession()) {
    goOn(next);
    return;
  }

  async function submit(event) {
    const username = name.input.value;
    const isNew = event.submitter === register;
    event.preventDefault();
    const missing = findMissing(form);
    problem.textContent = missing?.dataset.need ?? '';
    if (missing)
      return;
    logIn.disabled = register.disabled = true;
    try {
      const answer = await (isNew ? api.register : api.logIn)(username, password.input.value);
      if (signal.aborted)
        return;
      // Where to go is said first: that the session begins draws the view anew.
      goOn(next);
      beginSession(answer.user_id, username, answer.token);
    } catch (error) {
      problem.textContent = error.message;
    } finally {
      logIn.disabled = register.disabled = false;
    }
  }

  const form = h('form', { novalidate: true, onsubmit: submit }, name.field, password.field, problem, logIn, register);
  root.append(h('section.login', {},
    h('img', { src: 'icon.svg', alt: '', width: 72, height: 72 }),
    h('h1', {}, t('login.title')),
    h('p.login-hint', {}, t('login.hint')),
    form,
    h('a.login-settings', { href: '#/settings' }, t('settings.language'))));
}
