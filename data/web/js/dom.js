// SPDX-License-Identifier: Apache-2.0
//
// Elements. There is one way to make them, and it takes text as text: nothing here, or anywhere in
// this client, reads markup from a string.

const SVG = 'http://www.w3.org/2000/svg';

/**
 * Makes an element.
 *
 * @param {string} name of the element, with classes as in "button.primary.wide"
 * @param {object} attributes functions become listeners (`onclick`), `true` an empty attribute,
 *   `false`, `null` and `undefined` none; `value`, `checked` and `disabled` are set as properties
 * @param {...(Node|string|null)} children strings become text
 * @returns {HTMLElement}
 */
export function h(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split('.');
  const element = document.createElement(tag);
  if (classes.length)
    element.className = classes.join(' ');
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function')
      element.addEventListener(key.slice(2), value);
    else if (key === 'value' || key === 'checked' || key === 'disabled')
      element[key] = value;
    else if (value !== false && value !== null && value !== undefined)
      element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** A picture of icons.svg. It says nothing to screen readers: its button does. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  const use = document.createElementNS(SVG, 'use');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** Shows another picture in an element that icon() made. */
export function changeIcon(element, name) {
  element.querySelector('use').setAttribute('href', `icons.svg#${name}`);
}

/** A button that shows an icon only, with its name for those who do not see it. */
export function iconButton(classes, name, label, onclick) {
  return h(`button.icon-button${classes}`, { type: 'button', 'aria-label': label, title: label, onclick },
    icon(name));
}

/** A round picture of a user. Its place is kept while it loads. */
export function avatar(user, size) {
  return h('img.avatar', {
    src: user.avatar, alt: '', width: size, height: size, loading: 'lazy', decoding: 'async',
  });
}

/**
 * The first field of a form that is required and empty, if any; it has the focus then. What it asks for is
 * in its `data-need`: what browsers say by themselves is in their language, not in that of the page.
 */
export function findMissing(form) {
  const field = [...form.elements].find((element) => element.required && !element.value) ?? null;
  field?.focus();
  return field;
}

/** Whether a key sends what was written: Enter, but not the one that ends a word of an input method. */
export function isSendKey(event) {
  // Safari ends the composition before it says which key it was; then the key has no code but this.
  const COMPOSING = 229;
  return event.key === 'Enter' && !event.shiftKey && !event.isComposing && event.keyCode !== COMPOSING;
}

const styles = new Map();

/** Gets css/NAME.css, once; views whose looks are not those of the first page need it before they are shown. */
export function loadStyle(name) {
  if (!styles.has(name))
    styles.set(name, new Promise((resolve, reject) => {
      const link = h('link', { rel: 'stylesheet', href: `css/${name}.css`, onload: resolve, onerror: () => {
        styles.delete(name);
        link.remove();
        reject(new Error(`css/${name}.css cannot be had`));
      } });
      document.head.append(link);
    }));
  return styles.get(name);
}

/** Says something in passing, also to screen readers. */
export function toast(text, kind = '') {
  const area = document.getElementById('toasts');
  const note = h(`p.toast${kind && `.${kind}`}`, {}, text);
  area.append(note);
  while (area.children.length > 3)
    area.firstChild.remove();
  setTimeout(() => note.remove(), 4000);
}

/**
 * Asks a question to which the answer is yes or no.
 *
 * @returns {Promise<boolean>}
 */
export function confirm(question, yes, no) {
  return new Promise((resolve) => {
    const dialog = h('dialog.dialog', { 'aria-label': question },
      h('form', { method: 'dialog' },
        h('p', {}, question),
        h('div.dialog-buttons', {},
          h('button.button', { value: 'no' }, no),
          h('button.button.danger', { value: 'yes', 'data-test': 'confirm' }, yes))));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Calls back whenever the element comes into view, until the signal is aborted. */
export function whenSeen(element, callback, signal) {
  const observer = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting))
      callback();
  }, { rootMargin: '300px' });
  observer.observe(element);
  signal.addEventListener('abort', () => observer.disconnect());
  return observer;
}

/** Whether the user asked for less movement. */
export function prefersStill() {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}
