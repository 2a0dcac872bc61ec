/* SPDX-License-Identifier: MIT
 * Draws the page: first who is here, then the frame with the screen that the URL names. */
import { render } from "/lib/preact.js";
import { effect } from "/lib/signals.js";
import { html } from "./html.js";
import { needTexts, t } from "./i18n.js";
import { startKeys } from "./keys.js";
import { go, route, startRouter } from "./router.js";
import { connect, loadSession, session } from "./store.js";
import { Frame } from "./frame.js";
import { Failed } from "./parts/states.js";

/** @param {HTMLElement} root */
async function start(root) {
    await needTexts("frame");
    try {
        await loadSession();
    } catch (e) {
        render(html`<div class="alone"><${Failed} error=${e} retry=${() => start(root)} /></div>`, root);
        return;
    }
    startRouter();
    startKeys();
    effect(() => {
        const in_ = session.value?.auth === "off" || session.value?.user;

        if (in_) {
            connect();
        } else if (route.value.screen !== "login") {
            go(`/login?next=${encodeURIComponent(location.pathname + location.search)}`, { replace: true });
        }
    });
    effect(() => {
        const { screen, params } = route.value;
        const what = params.topic ?? params.id;

        document.title = `${what ? `${what} · ` : ""}${t(`nav.${screen}`)} · gmq`;
    });
    render(html`<${Frame} />`, root);
}

start(/** @type {HTMLElement} */ (document.getElementById("app")));
