// SPDX-License-Identifier: Apache-2.0
// What can be measured of a page that is shown: contrast, names, sizes of what is pressed. Defines `checks`.

const checks = (() => {
  const isShown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
    && element.getClientRects().length > 0 && !element.closest('[inert], .visually-hidden, [hidden]');

  function parse(color) {
    const numbers = color.match(/[\d.]+/g).map(Number);
    return { rgb: numbers.slice(0, 3), alpha: numbers[3] ?? 1 };
  }

  const blend = (over, under) => over.rgb.map((value, i) => value * over.alpha + under[i] * (1 - over.alpha));

  // What is behind the text of an element. Pictures have no colour: text on them is not judged here.
  function getBackground(element) {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      if (e.matches('.slide, .tile, .profile-who'))
        return null;
      layers.push(parse(getComputedStyle(e).backgroundColor));
      if (layers.at(-1).alpha === 1)
        break;
    }
    return layers.reverse().reduce((under, layer) => blend(layer, under), [0, 0, 0]);
  }

  function luminance(rgb) {
    const [r, g, b] = rgb.map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  // WCAG 2.2, 1.4.3: 4.5 to 1; 3 to 1 for text of 24 pixels, or of 18.66 if it is bold.
  function findPaleTexts() {
    const pale = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let judged = 0;
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      const background = walker.currentNode.data.trim() && isShown(element) && !element.matches(':disabled') ? getBackground(element) : null;
      if (!background)
        continue;
      judged++;
      const style = getComputedStyle(element);
      const size = parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
      const [light, dark] = [luminance(blend(parse(style.color), background)), luminance(background)].sort((a, b) => b - a);
      const ratio = (light + 0.05) / (dark + 0.05);
      if (ratio < (isLarge ? 3 : 4.5))
        pale.push(`${walker.currentNode.data.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
    }
    return { judged, pale };
  }

  function getName(element) {
    const labels = [...element.labels ?? []].map((label) => label.textContent).join(' ');
    return (element.ariaLabel || labels || element.textContent).trim();
  }

  const FOCUSABLE = 'a[href], button, input:not([type=hidden]), textarea, select, video[controls]';

  function findNameless() {
    return [...document.querySelectorAll(FOCUSABLE)].filter(isShown).filter((element) => !getName(element))
      .map((element) => element.outerHTML.slice(0, 120));
  }

  // WCAG 2.2, 2.5.8: 24 by 24 pixels. Links inside of text may be smaller.
  function findSmall() {
    return [...document.querySelectorAll('button, select, textarea, .button, .icon-link, .nav-item, .tab')].filter(isShown)
      .filter((element) => element.clientWidth < 24 || element.clientHeight < 24)
      .map((element) => `${element.className} ${element.clientWidth}×${element.clientHeight}`);
  }

  const findDuplicates = () => {
    const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
    return ids.filter((id, i) => ids.indexOf(id) !== i);
  };

  const findPicturesWithoutText = () => [...document.querySelectorAll('img:not([alt])')].map((image) => image.src);

  const isTooWide = () => document.documentElement.scrollWidth > innerWidth
    || document.getElementById('view').scrollWidth > document.getElementById('view').clientWidth;

  function describeFocus() {
    const element = document.activeElement;
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    return {
      what: element.dataset?.nav ?? element.dataset?.test ?? (element.className || element.tagName.toLowerCase()),
      name: getName(element),
      isInView: box.width > 0 && box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight,
      hasMark: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    };
  }

  return { findPaleTexts, findNameless, findSmall, findDuplicates, findPicturesWithoutText, isTooWide, describeFocus };
})();
