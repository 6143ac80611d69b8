// SPDX-License-Identifier: Apache-2.0
//
// The page: which view stands behind which address, and what surrounds them all. A view is a module
// with `show(root, parameters, signal)`: it fills `root` and lets go of everything when the signal
// is aborted. Only the feed is loaded at first; the others when they are asked for, and messages when
// there is something to see.

import { GONE, Refusal } from './api.js';
import { h, loadStyle, toast } from './dom.js';
import { getLanguage, loadLanguage, t, translatePage } from './i18n.js';
import { getOwnId, getSession, on } from './state.js';
import { closePanel } from './panel.js';
import * as feed from './views/feed.js';

// The part of the address behind “#/”, and what its parts are called. `nav` is the entry of the navigation
// that is marked, “me” on pages of one's own only; `login` means that guests are sent to log in first;
// `styles` are those that the page does not begin with.
const routes = [
  { pattern: /^$/, nav: 'feed', load: () => feed },
  { pattern: /^user\/(?<id>\d+)\/play\/(?<list>works|likes)\/(?<video>\d+)$/, nav: 'me', load: () => feed },
  { pattern: /^user\/(?<id>\d+)$/, nav: 'me', load: () => import('./views/profile.js'), styles: ['people', 'profile'] },
  { pattern: /^user\/(?<id>\d+)\/list\/(?<list>works|likes)$/, nav: 'me', load: () => import('./views/profile.js'), styles: ['people', 'profile'] },
  { pattern: /^user\/(?<id>\d+)\/people\/(?<list>following|followers|friends)$/, nav: 'me', load: () => import('./views/people.js'), styles: ['people'] },
  { pattern: /^me$/, nav: 'me', login: true, load: () => import('./views/profile.js'), styles: ['people', 'profile'] },
  { pattern: /^friends$/, nav: 'friends', login: true, load: () => import('./views/people.js'), styles: ['people'] },
  { pattern: /^upload$/, nav: 'upload', login: true, load: () => import('./views/upload.js'), styles: ['upload'] },
  { pattern: /^messages$/, nav: 'messages', login: true, load: () => import('./views/chat.js'), styles: ['messages'] },
  { pattern: /^messages\/(?<id>\d+)$/, nav: 'messages', login: true, load: () => import('./views/chat.js'), styles: ['messages'] },
  { pattern: /^settings$/, nav: 'settings', load: () => import('./views/settings.js'), styles: ['settings'] },
];
const login = { nav: 'me', load: () => import('./views/login.js'), styles: ['settings'] };
const missing = { nav: '', load: () => ({ show: () => showProblem(t('error.missing'), goHome()) }) };

const root = document.getElementById('view');
let current = new AbortController();

function find(path) {
  if (path === 'login')
    return { route: login, parameters: {} };
  for (const route of routes) {
    const found = path.match(route.pattern);
    if (found)
      return { route, parameters: { ...found.groups } };
  }
  return { route: missing, parameters: {} };
}

function markNavigation(name) {
  for (const item of document.querySelectorAll('[data-nav]')) {
    if (item.dataset.nav === name)
      item.setAttribute('aria-current', 'page');
    else
      item.removeAttribute('aria-current');
  }
}

function showProblem(text, way) {
  root.replaceChildren(h('section.empty', {}, h('h1', {}, text), way));
}

const goHome = () => h('a.button', { href: '#/' }, t('nav.home'));

function showFailure(error) {
  const isRefusal = error instanceof Refusal;
  if (!isRefusal)
    console.warn(error);
  showProblem(isRefusal ? error.message : t('error.view'), error.code === GONE ? goHome()
    : h('button.button', { type: 'button', onclick: () => navigate() }, t('action.retry')));
}

function showTitle() {
  const heading = root.querySelector('h1');
  document.title = heading ? `${heading.textContent} · DouTok` : 'DouTok';
}

async function navigate({ isFirst = false } = {}) {
  const path = location.hash.replace(/^#\/?/, '').replace(/\/$/, '');
  let { route, parameters } = find(path);

  current.abort();
  current = new AbortController();
  const { signal } = current;

  closePanel();
  if (route.login && !getSession()) {
    parameters = { next: path };
    route = login;
  }

  const isFeed = route.load() === feed || route.nav === 'feed';
  document.body.classList.toggle('is-feed', isFeed);
  document.body.dataset.view = path.split('/')[0] || 'feed';
  markNavigation('id' in parameters && route.nav === 'me' && Number(parameters.id) !== getOwnId() ? '' : route.nav);
  root.replaceChildren();
  try {
    const [view] = await Promise.all([route.load(), ...(route.styles ?? []).map(loadStyle)]);
    if (signal.aborted)
      return;
    document.title = 'DouTok';
    await view.show(root, parameters, signal);
    if (signal.aborted)
      return;
    showTitle();
    if (!isFirst && !root.contains(document.activeElement))
      root.focus({ preventScroll: true });
  } catch (error) {
    if (signal.aborted)
      return;
    showFailure(error);
    showTitle();
  }
}

function showUnread(count) {
  const badge = document.getElementById('unread');
  badge.hidden = count === 0;
  badge.textContent = count > 99 ? '99+' : String(count);
  badge.setAttribute('aria-label', t('messages.unread', { count }));
}

let hasMessages = false;

// Guests have none.
async function startMessages() {
  if (hasMessages || !getSession())
    return;
  hasMessages = true;
  const [conversations, push] = await Promise.all([import('./conversations.js'), import('./push.js')]);
  const update = () => showUnread(conversations.getUnreadCount());
  on('unread', update);
  on('language', update);
  conversations.startConversations();
  push.startPush();
}

// The heart of a page that can be installed; only where the browser trusts the address.
function startServiceWorker() {
  if (!('serviceWorker' in navigator))
    return;
  navigator.serviceWorker.register('service-worker.js').catch((error) => console.info(error.message));
}

let ownId = getOwnId();
let language = getLanguage();

on('session', () => {
  const before = ownId;
  ownId = getOwnId();
  if (before && !ownId)
    toast(t('session.over'));
  if (before !== ownId)
    navigate().then(startMessages);
});
on('language', () => {
  if (language === getLanguage())
    return;
  language = getLanguage();
  navigate();
});

window.addEventListener('hashchange', () => navigate());
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  root.focus();
});

await loadLanguage();
translatePage();
await navigate({ isFirst: true });
startMessages();
startServiceWorker();
