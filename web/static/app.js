// The whole of Tidings' own script. Every page works without it; it makes pages quicker to use.
// It reads data attributes and never evaluates text as code.
(() => {
  'use strict';

  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const on = (type, fn, capture) => document.addEventListener(type, fn, capture);

  // say puts a sentence into the one polite status region.
  let said = '';
  function say(text) {
    if (!text || text === said) return;
    said = text;
    one('#say').textContent = text;
  }

  // ---- Theme: a cookie the server reads, so that a page never flashes the wrong colours.
  on('submit', (e) => {
    const form = e.target.closest('[data-theme-form]');
    if (!form || !e.submitter) return;
    e.preventDefault();
    e.stopImmediatePropagation();
    const theme = e.submitter.value;
    const root = document.documentElement;
    const age = theme === 'system' ? 0 : 31536000;
    const secure = location.protocol === 'https:' ? '; secure' : '';
    document.cookie = `theme=${theme}; path=/; max-age=${age}; samesite=lax${secure}`;
    if (theme === 'system') delete root.dataset.theme; else root.dataset.theme = theme;
    all('[data-theme-form] button').forEach((b) => b.setAttribute('aria-pressed', b.value === theme));
  });

  // ---- A form goes once. The server has one-time tokens; this spares people the wait and the doubt.
  function busy(form, button) {
    form.dataset.sent = 'true';
    if (button) { button.setAttribute('aria-disabled', 'true'); button.setAttribute('aria-busy', 'true'); }
  }
  function idle(form) {
    delete form.dataset.sent;
    all('[aria-busy=true]', form).concat(form.id ? all(`[form="${CSS.escape(form.id)}"][aria-busy=true]`) : [])
      .forEach((b) => { b.removeAttribute('aria-busy'); b.removeAttribute('aria-disabled'); });
  }
  on('submit', (e) => {
    if (e.target.dataset.sent) { e.preventDefault(); e.stopImmediatePropagation(); }
  }, true);
  on('click', (e) => {
    const off = e.target.closest('[aria-disabled=true]');
    if (off) { e.preventDefault(); e.stopImmediatePropagation(); }
  }, true);
  on('submit', (e) => {
    const form = e.target;
    if (form.method === 'dialog' || form.hasAttribute('data-theme-form')) return;
    if (e.defaultPrevented && !form.matches('[hx-post],[hx-get],[hx-put],[hx-delete]')) return;
    busy(form, e.submitter);
    setTimeout(() => idle(form), 20000);
  });
  on('htmx:finally:request', (e) => {
    const form = e.target.closest?.('form');
    if (form) idle(form);
  });
  window.addEventListener('pageshow', (e) => { if (e.persisted) all('form[data-sent]').forEach(idle); });

  // ---- A file that is too large is told before it has travelled.
  on('change', (e) => {
    const input = e.target;
    if (!input.matches?.('input[type=file][data-most]')) return;
    const large = [...input.files].some((f) => f.size > Number(input.dataset.most));
    input.setCustomValidity(large ? input.dataset.tooLarge : '');
    if (large) input.reportValidity();
  });

  // ---- The writing sheet: a coloured copy under a textarea, kept in step with every key.
  const pieces = /\{[^{}\n]{1,80}\}|https?:\/\/\S+/g;
  function redraw(area) {
    const copy = one('.copy', area.parentElement);
    if (!copy) return;
    const odd = new Set([...(copy.dataset.odd || '')]);
    const out = document.createDocumentFragment();
    const put = (tag, cls, text) => { const el = document.createElement(tag); el.className = cls; el.textContent = text; out.append(el); };
    const plain = (text) => {
      let run = '';
      for (const ch of text) {
        if (!odd.has(ch)) { run += ch; continue; }
        out.append(run); run = '';
        put('mark', 'odd', ch);
      }
      out.append(run);
    };
    let at = 0;
    for (const m of area.value.matchAll(pieces)) {
      plain(area.value.slice(at, m.index));
      put('span', m[0].startsWith('{') ? 'tok' : 'lnk', m[0]);
      at = m.index + m[0].length;
    }
    plain(area.value.slice(at));
    copy.replaceChildren(out);
  }
  on('input', (e) => { if (e.target.matches('[data-write] textarea')) redraw(e.target); });
  on('click', (e) => {
    const button = e.target.closest('[data-insert]');
    if (!button) return;
    const area = document.getElementById(button.dataset.into);
    area.setRangeText(button.dataset.insert, area.selectionStart, area.selectionEnd, 'end');
    button.closest('details')?.removeAttribute('open');
    area.focus();
    area.dispatchEvent(new Event('input', { bubbles: true }));
  });

  // ---- Menus close when one looks elsewhere.
  on('click', (e) => all('details.menu[open]').forEach((d) => { if (!d.contains(e.target)) d.open = false; }));
  on('keydown', (e) => {
    if (e.key !== 'Escape') return;
    const menu = e.target.closest?.('details.menu[open]');
    if (menu) { menu.open = false; one('summary', menu).focus(); }
  });

  // ---- Short confirmations.
  on('click', (e) => {
    const opener = e.target.closest('[data-dialog]');
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    if (!dialog?.showModal) return;
    e.preventDefault();
    dialog.showModal();
  });

  // ---- Combobox: the server searches, this moves through its answers.
  const comboOf = (el) => el.closest?.('[data-combo]');
  const parts = (combo) => ({ input: one('[role=combobox]', combo), list: one('[role=listbox]', combo), value: one('[data-combo-value]', combo) });
  const chosen = new WeakSet();
  const choices = (list) => all('[role=option]:not([aria-disabled])', list);
  function openCombo(combo, yes) {
    const { input, list } = parts(combo);
    list.hidden = !yes;
    input.setAttribute('aria-expanded', yes);
    if (!yes) input.removeAttribute('aria-activedescendant');
  }
  function point(combo, option) {
    const { input, list } = parts(combo);
    choices(list).forEach((o) => o.setAttribute('aria-selected', o === option));
    if (!option) return;
    input.setAttribute('aria-activedescendant', option.id);
    option.scrollIntoView({ block: 'nearest' });
  }
  function choose(combo, option) {
    const { input, value } = parts(combo);
    input.value = option.dataset.text;
    value.value = option.dataset.value;
    openCombo(combo, false);
    chosen.add(combo);
    value.dispatchEvent(new Event('change', { bubbles: true }));
  }
  on('focusin', (e) => { if (e.target.matches('[role=combobox]')) { chosen.delete(comboOf(e.target)); e.target.select(); e.target.dispatchEvent(new Event('combo-open', { bubbles: true })); } });
  on('input', (e) => {
    if (!e.target.matches('[role=combobox]')) return;
    chosen.delete(comboOf(e.target));
    parts(comboOf(e.target)).value.value = '';
  });
  on('focusout', (e) => { const c = comboOf(e.target); if (c && !c.contains(e.relatedTarget)) openCombo(c, false); });
  on('mousedown', (e) => {
    const option = e.target.closest('[data-combo] [role=option]');
    if (!option) return;
    e.preventDefault();
    if (!option.hasAttribute('aria-disabled')) choose(comboOf(option), option);
  });
  on('keydown', (e) => {
    if (!e.target.matches?.('[role=combobox]')) return;
    const combo = comboOf(e.target);
    const { list } = parts(combo);
    const options = choices(list);
    const at = options.findIndex((o) => o.getAttribute('aria-selected') === 'true');
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
      e.preventDefault();
      openCombo(combo, true);
      const next = e.key === 'ArrowDown' ? at + 1 : at - 1 + (at < 0 ? 1 : 0);
      point(combo, options[(next + options.length) % options.length]);
    } else if (e.key === 'Enter' && !list.hidden && at >= 0) {
      e.preventDefault();
      choose(combo, options[at]);
    } else if (e.key === 'Escape') openCombo(combo, false);
  });

  // ---- After anything was swapped in: title, announcements, focus, the writing sheet, scrollable tables.
  let told;
  function settle(root) {
    const title = one('[data-title]');
    if (title) document.title = `${title.dataset.title} · Tidings`;
    // The note at the top is about the state that the page was opened in.
    const live = one('#live [data-say]')?.dataset.say;
    if (live && told && live !== told) one('#flash')?.replaceChildren();
    told = live || told;
    say(one('[data-say]')?.dataset.say);
    all('[data-sync]').forEach((i) => { i.checked = i.defaultChecked; }); // a swap changes the attribute alone
    if (root !== document) one('[data-focus]', root)?.focus();
    all('[data-odds-of]').forEach((o) => {
      const area = document.getElementById(o.dataset.oddsOf);
      const copy = document.getElementById(`${o.dataset.oddsOf}-copy`);
      if (!copy || copy.dataset.odd === o.dataset.odd) return;
      copy.dataset.odd = o.dataset.odd;
      redraw(area);
    });
    reachable();
  }
  // A table that is wider than its place can be scrolled with the keyboard.
  function reachable() {
    all('.scroll').forEach((s) => {
      const wide = s.scrollWidth > s.clientWidth + 1;
      s.toggleAttribute('tabindex', wide);
      if (!wide) { s.removeAttribute('role'); s.removeAttribute('aria-label'); return; }
      s.tabIndex = 0;
      s.setAttribute('role', 'region');
      s.setAttribute('aria-label', one('caption', s)?.textContent || 'Table');
    });
  }
  window.addEventListener('resize', reachable);
  on('DOMContentLoaded', () => {
    settle(document);
    all('[data-write] textarea').forEach(redraw);
  });
  on('htmx:after:swap', (e) => {
    const target = e.detail?.ctx?.target;
    const combo = target?.closest && comboOf(target);
    // Not for an answer that comes after the choice was made.
    if (combo && parts(combo).input === document.activeElement && !chosen.has(combo)) openCombo(combo, true);
    settle(target?.isConnected ? target : document);
  });

  // A request that got no answer at all: keep the page, say so.
  on('htmx:error', (e) => {
    const ctx = e.detail?.ctx;
    if (!ctx || ctx.response || e.detail.error?.name === 'AbortError') return;
    one('#flash')?.replaceChildren(one('#no-answer').content.cloneNode(true));
    say('The server did not answer. What you typed is still here.');
  });

  // ---- A form that saves itself counts its saves, so that the server can tell one that comes late.
  function turn(form) {
    const count = form && one('[data-turn]', form);
    if (count) count.value = Number(count.value) + 1;
    return count;
  }
  on('submit', (e) => turn(e.target), true);
  on('htmx:config:request', (e) => {
    const ctx = e.detail.ctx;
    const count = turn(ctx.request.form);
    if (count) ctx.request.body.set(count.name, count.value);
  });

  // ---- Live figures. The server sends a beat every few seconds; ten seconds of silence is a lost connection.
  let heard = 0;
  const clock = () => new Date(heard).toLocaleTimeString('en-GB');
  function alive() {
    if (heard && Date.now() - heard > 10000) say('Connection is back.');
    heard = Date.now();
  }
  on('htmx:sse:after:connection', alive);
  on('htmx:sse:before:message', alive);
  on('htmx:sse:close', (e) => { if (e.detail?.reason === 'message') heard = 0; });
  on('visibilitychange', () => { if (!document.hidden && heard) heard = Date.now(); });
  setInterval(() => {
    if (!heard || document.hidden) return;
    const silent = Math.floor((Date.now() - heard) / 1000);
    const lost = silent >= 10;
    all('[data-updated]').forEach((el) => {
      el.classList.toggle('lost', lost);
      const ago = silent < 1 ? 'just now' : `${silent} second${silent === 1 ? '' : 's'} ago`;
      el.lastElementChild.textContent = lost ? `Connection lost. Figures from ${clock()}. Trying again.` : `Updated ${ago}`;
    });
    if (lost) say('Connection lost. Trying again.');
  }, 1000);

  // ---- Keyboard shortcuts, only on a page that switches them on with data-keys, and never while typing.
  function press(key) {
    const el = one(`[data-key="${CSS.escape(key)}"]`);
    if (!el) return false;
    el.focus();
    if (!el.matches('textarea, input:not([type=radio], [type=checkbox])')) el.click();
    return true;
  }
  function step(by) {
    const links = all('.queue a');
    const at = links.findIndex((a) => a === document.activeElement || (a.hasAttribute('aria-current') && !links.includes(document.activeElement)));
    links[Math.min(Math.max(at + by, 0), links.length - 1)]?.focus();
  }
  let last = ''; // g then ! leads administrators to the kill switch, from every page
  on('keydown', (e) => {
    if (e.altKey || e.metaKey || e.ctrlKey || e.key === 'Shift' || e.target.matches('textarea, select, input')) return;
    const kill = one('a[href="/staff/kill"]');
    if (last === 'g' && e.key === '!' && kill) { e.preventDefault(); kill.click(); }
    last = e.key;
  });
  on('keydown', (e) => {
    if (!one('[data-keys]') || e.altKey || e.metaKey) return;
    if (e.ctrlKey) {
      if (e.key === 'Enter' && press('ctrl+enter')) e.preventDefault();
      return;
    }
    if (e.target.matches('textarea, select, input:not([type=radio], [type=checkbox])') || one('dialog[open]')) return;
    const key = e.key.toLowerCase();
    if (key === 'j' || key === 'k') { e.preventDefault(); step(key === 'j' ? 1 : -1); } else if (key.length === 1 && press(key)) e.preventDefault();
  });
})();
