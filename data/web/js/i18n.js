// SPDX-License-Identifier: Apache-2.0
//
// Languages. The one that the user chose, else the first of the browser's that there is, else English.

import { getSetting, setSetting } from './state.js';

export const languages = { 'zh-CN': '简体中文', en: 'English' };
const load = { en: () => import('./lang/en.js'), 'zh-CN': () => import('./lang/zh-cn.js') };

function choose() {
  const chosen = getSetting('language');
  if (load[chosen])
    return chosen;
  for (const wanted of navigator.languages ?? [navigator.language]) {
    const short = wanted.toLowerCase().split('-')[0];
    if (short === 'zh')
      return 'zh-CN';
    if (load[short])
      return short;
  }
  return 'en';
}

let language = choose();
let texts = {};

export function getLanguage() {
  return language;
}

/** Gets the texts of the language; to be done before the first of them is asked for. */
export async function loadLanguage() {
  texts = (await load[language]()).default;
}

/** Chooses a language for good. What is shown already stays as it is: draw it again. */
export async function setLanguage(name) {
  setSetting('language', name);
  language = choose();
  await loadLanguage();
  translatePage();
}

/**
 * The text for a key.
 *
 * @param {string} key of lang/en.js
 * @param {object} values for the {names} in it
 */
export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (match, name) => values[name] ?? match);
}

/** Translates what stands in index.html: `data-t` is a text, `data-t-label` a name for screen readers. */
export function translatePage() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll('[data-t]'))
    element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll('[data-t-label]'))
    element.setAttribute('aria-label', t(element.dataset.tLabel));
}

/** A count as people read it: 1.2K, 1.2万. */
export function formatCount(number) {
  return new Intl.NumberFormat(language, { notation: 'compact', maximumFractionDigits: 1 }).format(number);
}

/** When a message was written: the time, and the day if it was not today. */
export function formatTime(milliseconds) {
  const date = new Date(milliseconds);
  const isToday = date.toDateString() === new Date().toDateString();
  const time = { hour: '2-digit', minute: '2-digit', hour12: false };
  return new Intl.DateTimeFormat(language, isToday ? time : { month: 'short', day: 'numeric', ...time }).format(date);
}

/** Seconds as minutes:seconds. */
export function formatDuration(seconds) {
  const whole = Number.isFinite(seconds) ? Math.floor(seconds) : 0;
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** A size of a file. */
export function formatSize(bytes) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  let unit = 0;
  let value = bytes;
  for (; value >= 1000 && unit < units.length - 1; unit++)
    value /= 1000;
  return new Intl.NumberFormat(language, {
    style: 'unit', unit: units[unit], unitDisplay: 'short', maximumFractionDigits: 1,
  }).format(value);
}
