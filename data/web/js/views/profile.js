// SPDX-License-Identifier: Apache-2.0
//
// The page of a user: who it is, works and likes.

import * as api from '../api.js';
import { block, deleteVideo, report, showRefusal } from '../actions.js';
import { avatar, h, icon, iconButton, whenSeen } from '../dom.js';
import { formatCount, t } from '../i18n.js';
import { getOwnId, on } from '../state.js';
import { buildFollowButton } from './people.js';

const lists = {
  works: { get: api.getWorks, title: 'profile.works', none: 'profile.works.none' },
  likes: { get: api.getLikes, title: 'profile.likes', none: 'profile.likes.none' },
};

function buildCount(number, label, href) {
  const content = [h('b', {}, formatCount(number)), ' ', h('span', {}, label)];
  return href ? h('a', { href }, content) : h('span', {}, content);
}

// Whether one blocks the user is known a moment later; until then there is nothing to press.
function buildBlockButton(user, signal) {
  const button = h('button.button', { type: 'button', 'data-test': 'block', onclick: () => block(user, !user.is_blocked) });
  const update = () => {
    button.disabled = user.is_blocked === undefined;
    button.textContent = t(user.is_blocked ? 'user.unblock' : 'user.block');
    button.setAttribute('aria-label', t(user.is_blocked ? 'user.unblock.name' : 'user.block.name', { name: user.name }));
  };
  const learn = (value) => {
    user.is_blocked = value;
    update();
  };
  on('user', (change) => change.id === user.id && 'is_blocked' in change && learn(change.is_blocked), signal);
  update();
  if (getOwnId())
    api.isBlocked(user.id, { signal }).then(learn, showRefusal);
  else
    learn(false);
  return button;
}

function buildHead(user, isOwn, signal) {
  const cover = h('img.profile-background', { src: user.background_image, alt: '', decoding: 'async' });
  const followers = h('li');
  const showFollowers = () => followers.replaceChildren(
    buildCount(user.follower_count, t('people.followers'), `#/user/${user.id}/people/followers`));
  const head = h('header.profile-head', {},
    cover,
    h('div.profile-who', {},
      avatar(user, 96),
      h('div', {},
        h('h1', {}, user.name),
        h('p.profile-id', {}, t('profile.id', { id: user.id })))),
    h('ul.profile-counts', {},
      h('li', {}, buildCount(user.total_favorited, t('profile.favorited'))),
      h('li', {}, buildCount(user.follow_count, t('people.following'), `#/user/${user.id}/people/following`)),
      followers),
    h('p.profile-signature', {}, user.signature || t(isOwn ? 'profile.signature.add' : 'profile.signature.none')),
    h('div.profile-actions', {}, isOwn
      ? [h('a.button', { href: '#/settings' }, t('profile.edit')), h('a.button', { href: '#/friends' }, t('people.friends'))]
      : [buildFollowButton(user, signal), h('a.button', { href: `#/messages/${user.id}` }, t('user.message')),
        buildBlockButton(user, signal),
        h('button.button', {
          type: 'button', 'data-test': 'report-user', 'aria-label': t('report.user', { name: user.name }),
          onclick: () => report('user', user.id, user.name),
        }, t('report'))]));
  showFollowers();
  on('user', (change) => {
    if (change.id !== user.id || !('follower_count' in change))
      return;
    user.follower_count = change.follower_count;
    showFollowers();
  }, signal);
  return head;
}

function buildTabs(user, chosen) {
  const counts = { works: user.work_count, likes: user.favorite_count };
  return h('nav.tabs', { 'aria-label': t('profile.lists') }, Object.entries(lists).map(([name, { title }]) =>
    h('a.tab', { href: `#/user/${user.id}/list/${name}`, 'aria-current': name === chosen ? 'page' : null },
      t(title), ' ', h('span.tab-count', {}, formatCount(counts[name])))));
}

function buildTile(video, list, owner) {
  const mayDelete = list === 'works' && video.author.id === getOwnId();
  return h('li.tile', { 'data-id': video.id },
    h('a', {
      href: `#/user/${owner}/play/${list}/${video.id}`,
      'aria-label': t('video.by', { title: video.title, name: video.author.name }),
    },
    h('img', { src: video.cover_url, alt: '', loading: 'lazy', decoding: 'async' }),
    h('span.tile-title', {}, video.title),
    h('span.tile-likes', {}, icon('heart'), formatCount(video.favorite_count))),
    mayDelete ? iconButton('.tile-delete', 'trash', t('video.delete'), () => deleteVideo(video)) : null);
}

export async function show(root, parameters, signal) {
  const id = Number(parameters.id ?? getOwnId());
  const isOwn = id === getOwnId();
  const list = parameters.list ?? 'works';
  const { get, none } = lists[list];
  const tiles = h('ul.tiles');
  const end = h('div.list-end');
  const load = async () => {
    const page = await get(id, load.next, { signal });
    tiles.append(...page.videos.map((video) => buildTile(video, list, id)));
    load.next = page.next;
  };
  const showNone = () => end.replaceChildren(...tiles.children.length ? [] : [h('p.empty-note', {}, t(none))]);

  const user = await api.getUser(id, { signal });
  if (signal.aborted)
    return;

  const tabs = buildTabs(user, list);
  root.append(h('section.page.profile', {},
    parameters.id && !isOwn ? iconButton('.profile-back', 'back', t('action.back'), () => history.back()) : null,
    buildHead(user, isOwn, signal), tabs, tiles, end));
  on('video', (change) => {
    if (!change.deleted)
      return;
    const tile = tiles.querySelector(`[data-id="${change.id}"]`);
    if (!tile)
      return;
    tile.remove();
    showNone();
    user[list === 'works' ? 'work_count' : 'favorite_count']--;
    tabs.replaceChildren(...buildTabs(user, list).children);
  }, signal);

  // Of who is blocked nothing is shown.
  on('user', async (change) => {
    if (change.id !== id || !('is_blocked' in change))
      return;
    try {
      load.next = undefined;
      tiles.replaceChildren();
      await load();
      showNone();
    } catch (error) {
      showRefusal(error);
    }
  }, signal);

  await load();
  showNone();
  if (load.next)
    whenSeen(end, () => load.next && load().catch(showRefusal), signal);
}
