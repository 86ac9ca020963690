// Live refresh and the Undo toast. Every page works without this file.
"use strict";
(() => {
  const say = document.getElementById("announce");
  const offline = document.getElementById("offline");
  let live = document.getElementById("live");

  // The fragment is replaced by the same fragment of a fresh copy of this page, parsed by the browser itself.
  const refresh = () => new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("GET", location.pathname + location.search);
    request.responseType = "document";
    request.timeout = 8000;
    request.onerror = request.ontimeout = () => { offline.hidden = false; done(); };
    request.onload = () => {
      offline.hidden = true;
      const fresh = request.status === 200 && request.response && request.response.getElementById("live");
      if (!fresh || fresh.dataset.page !== live.dataset.page || new URL(request.responseURL).pathname !== location.pathname) { location.reload(); return; }
      const open = [...live.querySelectorAll("details[open][id]")].map((element) => element.id);
      const focused = live.contains(document.activeElement) ? document.activeElement.id : "";
      const before = live.dataset.say;
      const adopted = document.adoptNode(fresh);
      live.replaceWith(adopted);
      document.title = request.response.title;
      document.getElementById("badge")?.replaceWith(document.adoptNode(request.response.getElementById("badge")));
      live = adopted;
      for (const id of open) { const element = document.getElementById(id); if (element) element.open = true; }
      if (focused) { const element = document.getElementById(focused); if (element) element.focus({ preventScroll: true }); }
      if (live.dataset.say !== before) say.textContent = live.dataset.say || "";
      done();
    };
    request.send();
  });

  // Never under somebody's fingers.
  const isBusy = () => {
    const active = document.activeElement;
    return live.contains(active) && /^(INPUT|SELECT|TEXTAREA)$/.test(active.tagName);
  };

  const look = async () => {
    if (document.hidden || isBusy()) return;
    if (!live.dataset.number) { await refresh(); return; }
    try {
      const tag = `"${live.dataset.number}"`;
      const answer = await fetch(live.dataset.poll || "/status", { headers: { "If-None-Match": tag }, cache: "no-store" });
      offline.hidden = true;
      if (answer.status === 401) location.reload();
      if (answer.status === 200 && String((await answer.json()).state) !== live.dataset.number) await refresh();
    } catch { offline.hidden = false; }
  };

  if (live && live.dataset.every) {
    const again = async () => { await look(); setTimeout(again, Number(live.dataset.every)); };
    setTimeout(again, Number(live.dataset.every));
    document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  }

  const toast = document.getElementById("toast");
  if (toast) {
    const hide = () => {
      if (toast.matches(":hover, :focus-within")) { setTimeout(hide, 1000); return; }
      toast.hidden = true;
    };
    setTimeout(hide, Number(toast.dataset.seconds) * 1000);
    say.textContent = toast.dataset.say;
  }

  // One tap, one act.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if ("download" in form.dataset) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.forms) { delete form.dataset.sent; }
    for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  });

  for (const button of document.querySelectorAll("[data-shows]")) {
    const field = document.getElementById(button.dataset.shows);
    button.hidden = false;
    button.addEventListener("click", () => {
      field.type = field.type === "text" ? "password" : "text";
      [button.textContent, button.dataset.other] = [button.dataset.other, button.textContent];
    });
  }
  for (const button of document.querySelectorAll("[data-days]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      for (const box of button.form.querySelectorAll("input[name=days]")) {
        box.checked = (Number(button.dataset.days) & Number(box.value)) > 0;
      }
    });
  }
  const zone = document.querySelector("select[data-own-zone]");
  if (zone && zone.value === "UTC") {
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if ([...zone.options].some((option) => option.value === own)) zone.value = own;
  }
})();
