// SPDX-License-Identifier: Apache-2.0
//
// Messages: the conversations, and the one that is open. On a phone one or the other is shown, on a
// desktop both.

import * as api from '../api.js';
import { showRefusal } from '../actions.js';
import { avatar, h, icon, isSendKey } from '../dom.js';
import { formatTime, t } from '../i18n.js';
import { getConversations, getPeer, refresh, setOpen, setRead } from '../conversations.js';
import { isPushed, sendMessage } from '../push.js';
import { getOwnId, on } from '../state.js';

// Milliseconds between two messages after which the time is shown again.
const PAUSE = 5 * 60 * 1000;

class Chat {
  constructor(user, signal) {
    this.user = user;
    this.signal = signal;
    this.messages = new Map();
    this.readTime = 0;
    this.log = h('ol.messages', { role: 'log', 'aria-label': t('messages.with', { name: user.name }), tabindex: '0' });
    this.text = h('textarea.input', {
      rows: '1', maxlength: '1000', 'aria-label': t('messages.write'), placeholder: t('messages.write'),
      'data-test': 'message-text',
      onkeydown: (event) => {
        if (isSendKey(event)) {
          event.preventDefault();
          this.send();
        }
      },
    });
    this.form = h('form.composer', {
      onsubmit: (event) => {
        event.preventDefault();
        this.send();
      },
    }, this.text, h('button.icon-button.send', { 'aria-label': t('action.send'), title: t('action.send') }, icon('send')));
    this.element = h('section.chat', {},
      h('header.chat-head', {},
        h('a.icon-link.chat-back', { href: '#/messages', 'aria-label': t('action.back') }, icon('back')),
        h('a.chat-user', { href: `#/user/${user.id}` }, avatar(user, 36), h('h1', {}, user.name))),
      this.log, this.form);
    this.listen();
  }

  listen() {
    const { signal, user } = this;
    on('message', (message) => getPeer(message) === user.id && this.add([message]), signal);
    on('read', (event) => event.user_id === user.id && this.setPeerRead(event.time), signal);
    on('resync', () => this.load().catch(showRefusal), signal);
    on('poll', () => !isPushed() && this.load().catch((error) => console.info(error.message)), signal);
    document.addEventListener('visibilitychange', () => !document.hidden && this.setOwnRead(), { signal });
    setOpen(user.id);
    signal.addEventListener('abort', () => setOpen(0));
  }

  get last() {
    return [...this.messages.values()].at(-1);
  }

  async load() {
    const messages = await api.getMessages(this.user.id, this.last?.create_time, true, { signal: this.signal });
    this.add(messages);
  }

  add(messages) {
    for (const message of messages)
      this.messages.set(message.id, message);
    const sorted = [...this.messages.values()].sort((a, b) => a.create_time - b.create_time);
    this.messages = new Map(sorted.map((message) => [message.id, message]));
    this.draw();
    this.setOwnRead();
  }

  draw() {
    const items = [];
    let before = 0;
    for (const message of this.messages.values()) {
      if (message.create_time - before > PAUSE)
        items.push(h('li.message-time', {}, formatTime(message.create_time)));
      before = message.create_time;
      items.push(this.buildMessage(message));
    }
    const lastOwn = [...this.messages.values()].findLast((message) => message.from_user_id === getOwnId());
    if (lastOwn && lastOwn === this.last && lastOwn.create_time <= this.readTime)
      items.push(h('li.message-read', {}, t('messages.read')));
    if (items.length === 0)
      items.push(h('li.empty-note', {}, t('messages.begin', { name: this.user.name })));
    this.log.replaceChildren(...items);
    this.log.scrollTop = this.log.scrollHeight;
  }

  buildMessage(message) {
    const isOwn = message.from_user_id === getOwnId();
    return h(`li.message${isOwn ? '.own' : ''}`, {},
      isOwn ? null : avatar(this.user, 32),
      h('span.visually-hidden', {}, `${isOwn ? t('messages.you') : this.user.name}: `),
      h('p', {}, message.content));
  }

  setPeerRead(time) {
    this.readTime = Math.max(this.readTime, time);
    this.draw();
  }

  setOwnRead() {
    const received = [...this.messages.values()].findLast((message) => message.from_user_id === this.user.id);
    if (received && !document.hidden)
      setRead(this.user.id, received.create_time);
  }

  async send() {
    const content = this.text.value.trim();
    if (!content || this.isSending)
      return;
    this.isSending = true;
    try {
      const message = await sendMessage(this.user.id, content);
      this.text.value = '';
      if (message)
        this.add([message]);
      else
        await this.load();
    } catch (error) {
      if (!this.signal.aborted)
        showRefusal(error);
    } finally {
      this.isSending = false;
    }
  }
}

function buildConversation({ id, user, last, unread }, openId) {
  return h('li', {},
    h('a.conversation', { href: `#/messages/${id}`, 'aria-current': id === openId ? 'page' : null },
      user ? avatar(user, 48) : h('span.avatar'),
      h('span.conversation-text', {},
        h('span.conversation-name', {}, user?.name ?? ''),
        h('span.conversation-last', {}, last.content)),
      h('span.conversation-side', {},
        h('span', {}, formatTime(last.create_time)),
        unread ? h('b.badge', { 'aria-label': t('messages.unread', { count: unread }) }, unread > 99 ? '99+' : String(unread)) : null)));
}

export async function show(root, parameters, signal) {
  const openId = Number(parameters.id ?? 0);
  const list = h('ul.conversations');
  const side = h('section.inbox', {},
    h('header.page-head', {}, h(openId ? 'h2' : 'h1', {}, t('nav.messages'))), list);
  const view = h(`div.messages-view${openId ? '.has-chat' : ''}`, {}, side);

  // What has not changed stays where it is, and so does the focus.
  let drawn = null;
  const draw = () => {
    const conversations = getConversations();
    const wanted = JSON.stringify(conversations);
    if (drawn === wanted)
      return;
    drawn = wanted;
    const focused = list.contains(document.activeElement) ? document.activeElement.hash : null;
    list.replaceChildren(...conversations.map((conversation) => buildConversation(conversation, openId)));
    if (conversations.length === 0)
      list.append(h('li.empty-note', {}, t('messages.none')));
    if (focused)
      list.querySelector(`[href="${focused}"]`)?.focus();
  };
  on('unread', draw, signal);
  draw();
  root.append(view);

  if (!openId) {
    view.append(h('section.chat.chat-none', {}, icon('message'), h('p', {}, t('messages.choose'))));
    refresh();
    return;
  }
  const user = await api.getUser(openId, { signal });
  const chat = new Chat(user, signal);
  view.append(chat.element);
  await chat.load();
  if (matchMedia('(hover: hover)').matches)
    chat.text.focus({ preventScroll: true });
}
