// SPDX-License-Identifier: Apache-2.0
//
// Whom a user follows, who follows that user, and friends, who do both.

import * as api from '../api.js';
import { follow, showRefusal } from '../actions.js';
import { avatar, h, icon, iconButton, whenSeen } from '../dom.js';
import { t } from '../i18n.js';
import { getOwnId, on } from '../state.js';

const lists = {
  following: { get: api.getFollowing, title: 'people.following', none: 'people.following.none' },
  followers: { get: api.getFollowers, title: 'people.followers', none: 'people.followers.none' },
  friends: { get: api.getFriends, title: 'people.friends', none: 'people.friends.none' },
};

/** A button that follows a user, or no longer. */
export function buildFollowButton(user, signal) {
  const button = h('button.button.follow', { type: 'button', onclick: () => follow(user, !user.is_follow) });
  const update = () => {
    button.textContent = t(user.is_follow ? 'user.followed' : 'user.follow');
    button.classList.toggle('primary', !user.is_follow);
    button.setAttribute('aria-pressed', String(user.is_follow));
    button.setAttribute('aria-label', t(user.is_follow ? 'user.unfollow.name' : 'user.follow.name', { name: user.name }));
  };
  on('user', (change) => {
    if (change.id !== user.id)
      return;
    Object.assign(user, change);
    update();
  }, signal);
  update();
  return button;
}

function buildPerson(user, signal) {
  const note = user.message || user.signature;
  return h('li.person', {},
    h('a.person-link', { href: `#/user/${user.id}` },
      avatar(user, 52),
      h('span.person-text', {},
        h('span.person-name', {}, user.name),
        note ? h('span.person-note', {}, note) : null)),
    user.id === getOwnId() ? null : h('div.person-actions', {},
      'msgType' in user
        ? h('a.icon-link', { href: `#/messages/${user.id}`, 'aria-label': t('user.message.name', { name: user.name }) },
          icon('message'))
        : null,
      buildFollowButton(user, signal)));
}

function buildTabs(id, chosen) {
  return h('nav.tabs', { 'aria-label': t('people.lists') }, Object.entries(lists).map(([name, { title }]) =>
    h('a.tab', { href: `#/user/${id}/people/${name}`, 'aria-current': name === chosen ? 'page' : null }, t(title))));
}

export async function show(root, parameters, signal) {
  const id = Number(parameters.id ?? getOwnId());
  const name = parameters.list ?? 'friends';
  const { get, title, none } = lists[name];
  const items = h('ul.people');
  const end = h('div.list-end');
  const heading = h('h1', {}, t(title));
  let next;
  let isLoading = false;

  async function load() {
    if (isLoading || signal.aborted)
      return;
    isLoading = true;
    try {
      const page = await get(id, next, { signal });
      items.append(...page.users.map((user) => buildPerson(user, signal)));
      next = page.next;
    } finally {
      isLoading = false;
    }
  }

  root.append(h('section.page', {},
    h('header.page-head', {},
      parameters.id ? iconButton('', 'back', t('action.back'), () => history.back()) : null, heading),
    buildTabs(id, name), items, end));
  // Lists of nobody are empty; that there is nobody is said by the user alone.
  await Promise.all([load(), id === getOwnId() ? null : api.getUser(id, { signal })]);
  if (items.children.length === 0)
    end.append(h('p.empty-note', {}, t(none)));
  if (next)
    whenSeen(end, () => next && load().catch(showRefusal), signal);
}
