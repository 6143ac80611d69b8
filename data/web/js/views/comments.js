// SPDX-License-Identifier: Apache-2.0
//
// The comments of a video, in the panel: read, write, like, dislike and delete them.

import * as api from '../api.js';
import { requireLogin, showRefusal } from '../actions.js';
import { avatar, h, icon, iconButton, whenSeen } from '../dom.js';
import { formatCount, t } from '../i18n.js';
import { openPanel } from '../panel.js';
import { emit, getOwnId, getSession, storage } from '../state.js';

const LIKE = 1;
const DISLIKE = 2;
const NEITHER = 3;

// The server answers how many liked a comment, not whether one did oneself: that is remembered here,
// for so many comments.
const FEELINGS = 'doutok.feelings';
const MAX_FEELINGS = 500;

function readFeelings() {
  return new Map(storage.read(FEELINGS)?.[getOwnId()] ?? []);
}

function writeFeelings(feelings) {
  storage.write(FEELINGS, { [getOwnId()]: [...feelings].slice(-MAX_FEELINGS) });
}

class Comments {
  constructor(video, body, signal) {
    this.video = video;
    this.signal = signal;
    this.feelings = readFeelings();
    this.list = h('ol.comments');
    this.end = h('div.list-end');
    this.body = body;
    this.scroller = h('div.panel-scroll', { tabindex: '0', 'aria-label': t('comments.title') }, this.list, this.end);
    body.append(this.scroller, this.buildForm());
    this.load();
  }

  buildForm() {
    this.text = h('textarea.input', {
      rows: '1', maxlength: '1000', required: true, 'aria-label': t('comments.write'), placeholder: t('comments.write'),
      'data-test': 'comment-text',
      onkeydown: (event) => {
        if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
          event.preventDefault();
          this.form.requestSubmit();
        }
      },
    });
    this.form = h('form.composer', {
      onsubmit: (event) => {
        event.preventDefault();
        this.add();
      },
    }, this.text, h('button.icon-button.send', { 'aria-label': t('action.send'), title: t('action.send') }, icon('send')));
    if (!getSession())
      this.text.addEventListener('focus', () => this.text.blur() || requireLogin(), { signal: this.signal });
    return this.form;
  }

  async load() {
    if (this.isLoading || this.signal.aborted)
      return;
    this.isLoading = true;
    try {
      const page = await api.getComments(this.video.id, this.next, { signal: this.signal });
      for (const comment of page.comments)
        this.list.append(this.buildComment(comment));
      this.next = page.next;
      if (this.next)
        this.observer ??= whenSeen(this.end, () => this.next && this.load(), this.signal);
      this.showEmpty();
    } catch (error) {
      if (!this.signal.aborted)
        showRefusal(error);
    } finally {
      this.isLoading = false;
    }
  }

  showEmpty() {
    this.end.replaceChildren(...this.list.children.length ? [] : [h('p.empty-note', {}, t('comments.none'))]);
  }

  buildComment(comment) {
    const { user } = comment;
    const mayDelete = user.id === getOwnId() || this.video.author.id === getOwnId();
    const item = h('li.comment', {},
      h('a', { href: `#/user/${user.id}`, 'aria-label': t('user.page', { name: user.name }) }, avatar(user, 36)),
      h('div.comment-body', {},
        h('a.comment-name', { href: `#/user/${user.id}` }, user.name),
        user.id === this.video.author.id ? h('span.tag', {}, t('comments.author')) : null,
        h('p.comment-text', {}, comment.content),
        h('div.comment-foot', {},
          h('span', {}, comment.create_date),
          this.buildFeeling(comment, LIKE, 'heart', 'like_count', 'comments.like'),
          this.buildFeeling(comment, DISLIKE, 'dislike', 'tease_count', 'comments.dislike'),
          mayDelete ? iconButton('.small', 'trash', t('comments.delete'), () => this.remove(comment, item)) : null)));
    return item;
  }

  buildFeeling(comment, feeling, name, member, label) {
    const count = h('span');
    const button = h('button.feeling', { type: 'button', onclick: () => this.feel(comment, feeling) }, icon(name), count);
    const update = () => {
      button.setAttribute('aria-pressed', String(this.feelings.get(comment.id) === feeling));
      button.setAttribute('aria-label', t(label, { count: comment[member] }));
      count.textContent = formatCount(comment[member]);
    };
    comment.updates = [...comment.updates ?? [], update];
    update();
    return button;
  }

  async feel(comment, feeling) {
    if (!requireLogin())
      return;
    const before = this.feelings.get(comment.id) ?? NEITHER;
    const after = before === feeling ? NEITHER : feeling;
    try {
      await api.setFeeling(comment.id, after);
      this.feelings.delete(comment.id);
      if (after !== NEITHER)
        this.feelings.set(comment.id, after);
      writeFeelings(this.feelings);
      comment.like_count += (after === LIKE) - (before === LIKE);
      comment.tease_count += (after === DISLIKE) - (before === DISLIKE);
      for (const update of comment.updates)
        update();
      await this.recount(comment);
    } catch (error) {
      showRefusal(error);
    }
  }

  // One may have liked it before, in another browser: then the server's count is the right one.
  async recount(comment) {
    const page = await api.getComments(this.video.id, undefined, { signal: this.signal });
    const found = page.comments.find((other) => other.id === comment.id);
    if (!found)
      return;
    Object.assign(comment, { like_count: found.like_count, tease_count: found.tease_count });
    for (const update of comment.updates)
      update();
  }

  count(difference) {
    this.video.comment_count += difference;
    emit('video', { id: this.video.id, comment_count: this.video.comment_count });
  }

  async add() {
    const text = this.text.value.trim();
    if (!requireLogin() || !text || this.isSending)
      return;
    this.isSending = true;
    try {
      const comment = await api.addComment(this.video.id, text, api.makeRequestId());
      this.text.value = '';
      this.list.prepend(this.buildComment(comment));
      this.scroller.scrollTo({ top: 0 });
      this.showEmpty();
      this.count(1);
    } catch (error) {
      showRefusal(error);
    } finally {
      this.isSending = false;
    }
  }

  async remove(comment, item) {
    try {
      await api.deleteComment(this.video.id, comment.id);
      item.remove();
      this.showEmpty();
      this.count(-1);
      this.scroller.focus();
    } catch (error) {
      showRefusal(error);
    }
  }
}

/** Opens the comments of a video; its `comment_count` follows what is written and deleted here. */
export function openComments(video) {
  openPanel(t('comments.title'), (body, signal) => new Comments(video, body, signal));
}
