// SPDX-License-Identifier: Apache-2.0
//
// What a user can change: the language of this page, signature, pictures, password; taking along what is kept
// of them; and logging out, or leaving for good.

import * as api from '../api.js';
import { confirm, findMissing, h, toast } from '../dom.js';
import { getLanguage, languages, setLanguage, t } from '../i18n.js';
import { emit, endSession, getSession, renewToken } from '../state.js';

// A form whose button says what it does, and which says itself what became of it: nothing if `submit` returns false.
function buildForm(name, fields, action, submit, done = t('settings.saved'), kind = 'primary') {
  const problem = h('p.problem', { role: 'alert', 'data-test': `${name}-problem` });
  const button = h(`button.button.${kind}`, { 'data-test': `${name}-save` }, action);
  const form = h('form.settings-form', {
    novalidate: true,
    onsubmit: async (event) => {
      event.preventDefault();
      const missing = findMissing(form);
      problem.textContent = missing?.dataset.need ?? '';
      if (missing)
        return;
      button.disabled = true;
      try {
        if (await submit(form) !== false)
          toast(done, 'good');
      } catch (error) {
        if (!(error instanceof api.Refusal))
          throw error;
        problem.textContent = error.message;
      } finally {
        button.disabled = false;
      }
    },
  }, fields, problem, button);
  return form;
}

function buildSection(title, ...content) {
  return h('section.settings-section', {}, h('h2', {}, title), content);
}

function buildLanguage() {
  const select = h('select.input', {
    id: 'settings-language', 'data-test': 'language',
    onchange: async () => {
      await setLanguage(select.value);
      emit('language');
    },
  }, Object.entries(languages).map(([value, name]) => h('option', { value, lang: value }, name)));
  select.value = getLanguage();
  return buildSection(t('settings.language'),
    h('div.field', {}, h('label', { for: select.id }, t('settings.language.label')), select));
}

function buildSignature(user) {
  const text = h('textarea.input', { id: 'settings-signature', rows: '3', maxlength: '200', 'data-test': 'signature' });
  text.value = user.signature;
  return buildSection(t('settings.signature'), buildForm('signature',
    h('div.field', {}, h('label', { for: text.id }, t('settings.signature.label')), text),
    t('action.save'), () => api.updateUser({ signature: text.value })));
}

// Shows the chosen picture before it is sent.
function buildPicture(name, user) {
  const isAvatar = name === 'avatar';
  const preview = h(isAvatar ? 'img.avatar' : 'img.settings-background', {
    src: user[name], alt: '', width: isAvatar ? 96 : 320, height: isAvatar ? 96 : 140,
  });
  let url = null;
  const release = () => {
    if (url)
      URL.revokeObjectURL(url);
    url = null;
  };
  const input = h('input.visually-hidden', {
    id: `settings-${name}`, type: 'file', accept: 'image/jpeg,image/png,image/webp', required: true, 'data-test': name,
    'data-need': t('settings.need.picture'),
    onchange: () => {
      release();
      if (input.files[0])
        preview.src = url = URL.createObjectURL(input.files[0]);
    },
  });
  return buildSection(t(`settings.${name}`), buildForm(name,
    h('div.settings-picture', {}, preview,
      h('div.settings-choose', {}, input, h('label.button', { for: input.id }, t('settings.picture.choose')),
        h('span', {}, t('settings.picture.kinds')))),
    t('action.save'), async (form) => {
      const answer = await api.updateUser({ [name]: input.files[0] });
      release();
      preview.src = answer.user[name];
      form.reset();
    }));
}

function buildPasswordInput(name, autocomplete, need) {
  return h('input.input', {
    id: `settings-${name}`, type: 'password', autocomplete, required: true, maxlength: '128', 'data-test': name,
    'data-need': t(need),
  });
}

// Tells a password manager whose password is meant.
function buildUserName(session) {
  return h('input', { type: 'text', autocomplete: 'username', value: session.name, hidden: true, 'aria-hidden': 'true' });
}

function buildDeletion(session) {
  const password = buildPasswordInput('deletion-password', 'current-password', 'settings.need.old-password');
  return buildSection(t('settings.delete'), h('p', {}, t('settings.delete.what')), buildForm('deletion', [
    buildUserName(session),
    h('div.field', {}, h('label', { for: password.id }, t('settings.password.old')), password),
  ], t('settings.delete'), async (form) => {
    if (!await confirm(t('settings.delete.question', { name: session.name }), t('settings.delete'), t('action.cancel')))
      return false;
    await api.deleteAccount(password.value);
    form.reset();
    endSession();
    location.hash = '#/';
    return true;
  }, t('settings.delete.done'), 'danger'));
}

function buildPassword(session) {
  const before = buildPasswordInput('old-password', 'current-password', 'settings.need.old-password');
  const after = buildPasswordInput('new-password', 'new-password', 'settings.need.new-password');
  return buildSection(t('settings.password'), buildForm('password', [
    buildUserName(session),
    h('div.field', {}, h('label', { for: before.id }, t('settings.password.old')), before),
    h('div.field', {}, h('label', { for: after.id }, t('settings.password.new')), after),
  ], t('settings.password.change'), async (form) => {
    try {
      renewToken((await api.updateUser({ old_password: before.value, new_password: after.value })).token);
    } catch (error) {
      // The password may be changed although something else went wrong.
      if (error.answer?.token)
        renewToken(error.answer.token);
      throw error;
    }
    form.reset();
  }));
}

// A link that is followed at once is the way to give somebody a file.
function saveFile(blob, name) {
  const url = URL.createObjectURL(blob);
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

function buildData(session) {
  const password = buildPasswordInput('data-password', 'current-password', 'settings.need.old-password');
  return buildSection(t('settings.data'), buildForm('data', [
    buildUserName(session),
    h('p', {}, t('settings.data.what')),
    h('div.field', {}, h('label', { for: password.id }, t('settings.password.old')), password),
  ], t('settings.data.download'), async (form) => {
    saveFile(await api.exportUser(password.value), `doutok-${session.id}.zip`);
    form.reset();
  }, t('settings.data.done')));
}

export async function show(root, parameters, signal) {
  const session = getSession();
  const page = h('section.page.settings', {}, h('header.page-head', {}, h('h1', {}, t('nav.settings'))), buildLanguage());
  root.append(page);
  if (!session) {
    page.append(h('a.button.primary', { href: '#/login' }, t('login.log-in')));
    return;
  }

  const user = await api.getUser(session.id, { signal });
  page.append(buildSignature(user), buildPicture('avatar', user), buildPicture('background_image', user),
    buildPassword(session), buildData(session),
    h('button.button.danger.wide', {
      type: 'button', 'data-test': 'log-out',
      onclick: () => {
        endSession();
        location.hash = '#/';
      },
    }, t('settings.log-out')),
    buildDeletion(session));
}
