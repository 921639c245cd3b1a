"use strict";
(() => {
  const EVERY = 1000 * document.getElementById("main").dataset.refresh, PATIENCE = 10000;
  const news = document.getElementById("news");
  const clock = () => new Date().toISOString().slice(11, 19) + " UTC";
  let lost = null, asking = false;

  const say = (text, gone) => {
    if (news.textContent !== text) news.textContent = text;
    news.hidden = !text;
    news.className = gone ? "gone" : "";
  };
  const shown = () => document.getElementById("main").dataset.at;
  const busy = () => {
    const main = document.getElementById("main"), chosen = getSelection(), at = document.activeElement;
    return (!chosen.isCollapsed && chosen.rangeCount > 0 && chosen.getRangeAt(0).intersectsNode(main)) ||
      (at && main.contains(at) && /^(INPUT|SELECT)$/.test(at.tagName));
  };

  // What is at the top of the window stays there, whatever grows or vanishes above it.
  const anchor = () => [...document.querySelectorAll("main [id]")].find((each) => each.getBoundingClientRect().bottom > 0);
  const focus = (main, at) => at.id ? main.querySelector("#" + CSS.escape(at.id)) : at.tagName === "SUMMARY" && at.parentElement.id
    ? main.querySelector("#" + CSS.escape(at.parentElement.id) + " > summary")
    : at.href ? [...main.querySelectorAll("a")].find((each) => each.href === at.href && each.className === at.className) : null;

  const swap = (page) => {
    const old = document.getElementById("main"), main = document.adoptNode(page.getElementById("main"));
    for (const fold of old.querySelectorAll("details[id]")) {
      const same = main.querySelector("#" + CSS.escape(fold.id));
      if (same) same.open = fold.open;
    }
    for (const field of old.querySelectorAll("input[id], select[id]")) {
      const same = main.querySelector("#" + CSS.escape(field.id));
      if (same) same.value = field.value;
    }
    const top = anchor(), was = top ? top.getBoundingClientRect().top : 0, left = scrollX, from = scrollY;
    const at = old.contains(document.activeElement) ? focus(main, document.activeElement) : null;
    old.replaceWith(main);
    if (at) at.focus({ preventScroll: true });
    const same = top && document.getElementById(top.id);
    scrollTo(left, from > 0 && same ? scrollY + same.getBoundingClientRect().top - was : from);
    document.title = page.title;
    const icon = page.querySelector("link[rel=icon]");
    if (icon) document.querySelector("link[rel=icon]").href = icon.getAttribute("href");
  };

  const refresh = async () => {
    if (document.hidden || asking) return;
    asking = true;
    try {
      const answer = await fetch(location.href, { cache: "no-store", redirect: "error", signal: AbortSignal.timeout(PATIENCE) });
      if (!answer.ok) throw new Error("it answers " + answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!page.getElementById("main")) throw new Error("something else answers");
      lost = null;
      if (busy()) return say("Waiting while you type or select: this is from " + shown() + ".", false);
      swap(page);
      say("", false);
    } catch (error) {
      lost = lost || clock();
      const why = /^(it|something) /.test(error.message) ? error.message : "the collector does not answer";
      say("Not up to date: " + why + ", since " + lost + ". What you see is from " + shown() + ".", true);
    } finally {
      asking = false;
    }
  };

  const turn = () => setTimeout(async () => { await refresh(); turn(); }, EVERY);
  document.addEventListener("visibilitychange", refresh);
  addEventListener("online", refresh);
  turn();
})();
