// SPDX-License-Identifier: Apache-2.0
//
// The comments of a video, in the panel: read, write, like, dislike and delete them.

import * as api from '../api.js';
import { report, requireLogin, showRefusal } from '../actions.js';
import { avatar, h, icon, iconButton, isSendKey, whenSeen } from '../dom.js';
import { formatCount, t } from '../i18n.js';
import { openPanel } from '../panel.js';
import { emit, getOwnId, getSession } from '../state.js';

const LIKE = 1;
const DISLIKE = 2;
const NEITHER = 3;

class Comments {
  constructor(video, body, signal) {
    this.video = video;
    this.signal = signal;
    this.list = h('ol.comments');
    this.end = h('div.list-end');
    this.body = body;
    this.scroller = h('div.panel-scroll', { tabindex: '0', 'aria-label': t('comments.title') }, this.list, this.end);
    body.append(this.scroller, this.buildForm());
    this.load();
  }

  // Guests write nothing: what looks like the field leads them to log in.
  buildForm() {
    if (!getSession())
      return h('div.composer', {},
        h('button.input.composer-guest', { type: 'button', 'data-test': 'comment-guest', onclick: requireLogin }, t('comments.guest')));
    this.text = h('textarea.input', {
      rows: '1', maxlength: '1000', 'aria-label': t('comments.write'), placeholder: t('comments.write'),
      'data-test': 'comment-text',
      onkeydown: (event) => {
        if (isSendKey(event)) {
          event.preventDefault();
          this.add();
        }
      },
    });
    this.form = h('form.composer', {
      onsubmit: (event) => {
        event.preventDefault();
        this.add();
      },
    }, this.text, h('button.icon-button.send', { 'aria-label': t('action.send'), title: t('action.send') }, icon('send')));
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
          user.id !== getOwnId() ? iconButton('.small.comment-report', 'flag', t('report.comment', { name: user.name }),
            () => report('comment', comment.id, user.name)) : null,
          mayDelete ? iconButton('.small.comment-delete', 'trash', t('comments.delete'), () => this.remove(comment, item)) : null)));
    return item;
  }

  buildFeeling(comment, feeling, name, member, label) {
    const count = h('span');
    const button = h('button.feeling', { type: 'button', onclick: () => this.feel(comment, feeling) }, icon(name), count);
    const update = () => {
      button.setAttribute('aria-pressed', String(comment.feeling === feeling));
      button.setAttribute('aria-label', t(label, { count: comment[member] }));
      count.textContent = formatCount(comment[member]);
    };
    comment.updates = [...comment.updates ?? [], update];
    update();
    return button;
  }

  // The change is shown at once, and taken back if the server refuses it. Of two that follow each other
  // the second one is sent when the first has arrived.
  async feel(comment, feeling) {
    if (!requireLogin())
      return;
    const before = comment.feeling;
    const after = before === feeling ? NEITHER : feeling;
    const change = (from, to) => {
      comment.feeling = to;
      comment.like_count += (to === LIKE) - (from === LIKE);
      comment.tease_count += (to === DISLIKE) - (from === DISLIKE);
      for (const update of comment.updates)
        update();
    };
    change(before, after);
    comment.sent = Promise.resolve(comment.sent).catch(() => {}).then(() => api.setFeeling(comment.id, after));
    try {
      await comment.sent;
    } catch (error) {
      if (comment.feeling === after)
        change(after, before);
      showRefusal(error);
    }
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
