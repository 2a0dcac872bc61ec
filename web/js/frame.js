/* SPDX-License-Identifier: MIT
 * The bar at the top (tabs at the bottom on phones), and below it the screen. */
import { useEffect, useErrorBoundary, useState } from "/lib/hooks.js";
import { html } from "./html.js";
import { language, needTexts, setLanguage, t } from "./i18n.js";
import { age, compact } from "./format.js";
import { GO, helpShown } from "./keys.js";
import { route } from "./router.js";
import { SCREENS } from "./screens.js";
import { fleet, heardAt, link, logout, session, totals } from "./store.js";
import { Search } from "./search.js";
import { Icon } from "./parts/icon.js";
import { Dialog } from "./parts/dialog.js";
import { Menu } from "./parts/menu.js";
import { ConfirmHost } from "./parts/confirm.js";
import { Toasts, notifyError } from "./parts/toast.js";
import { Empty, Failed, Loading } from "./parts/states.js";

const NAV = [["overview", "/"], ["topics", "/topics"], ["dead", "/dead"], ["send", "/send"], ["nodes", "/nodes"],
    ["audit", "/audit"]];

/** Screens that are loaded. @type {Map<string, any>} */
const loaded = new Map();

function Nav() {
    const here = route.value.screen;
    const dead = totals.value?.dead ?? 0;

    return html`<nav class="nav" aria-label=${t("nav.label")}>${NAV.map(([name, path]) => {
        const on = here === name || (here === "topic" && name === "topics");

        return html`<a key=${name} href=${path} aria-current=${on ? "page" : undefined} data-testid=${`nav-${name}`}>
            <${Icon} name=${name} size=${18} />${t(`nav.${name}`)}
            ${name === "dead" && dead > 0 && html`<span class="count">${compact(dead)}</span>`}</a>`;
    })}</nav>`;
}

/** Is what is shown fresh? */
function Live() {
    const [, tick] = useState(0);
    const state = link.value;
    const late = state === "late" || (state === "lost" && heardAt.value > 0);

    useEffect(() => {
        const timer = late ? setInterval(() => tick((n) => n + 1), 1000) : undefined;

        return () => clearInterval(timer);
    }, [late]);
    const text = late ? t("live.old", { age: age(Date.now() - heardAt.value) }) : t(`live.${state}`);

    return html`<span class="live ${state === "live" ? "ok" : "warn"}" role="status" title=${t(`live.${state}.hint`)}
        data-testid="live" data-state=${state}><span>${text}</span></span>`;
}

/** @param {string} theme "light", "dark", or "" as the system */
function setTheme(theme) {
    try {
        localStorage.setItem("gmq.theme", theme);
    } catch {
        document.documentElement.dataset.theme = theme || "light";
        return;
    }
    window.dispatchEvent(new Event("settheme"));
}

function ThemeButton() {
    const [dark, setDark] = useState(document.documentElement.dataset.theme === "dark");
    const flip = () => {
        setTheme(dark ? "light" : "dark");
        setDark(!dark);
    };

    return html`<button class="icon-button" onClick=${flip} aria-label=${t(dark ? "theme.light" : "theme.dark")}
        title=${t(dark ? "theme.light" : "theme.dark")} data-testid="theme"><${Icon}
        name=${dark ? "sun" : "moon"} /></button>`;
}

function LanguageButton() {
    const other = language.value === "zh" ? "en" : "zh";

    return html`<button class="icon-button" lang=${other === "zh" ? "zh-CN" : "en"} data-testid="language"
        onClick=${() => setLanguage(other)}>${other === "zh" ? "中文" : "EN"}</button>`;
}

function UserMenu() {
    const who = session.value;
    const out = async () => {
        try {
            await logout();
        } catch (e) {
            notifyError(e);
        }
    };

    return html`<${Menu} testid="user-menu" title=${t("user.menu")} label=${html`<${Icon} name="user" />`}>
        <p class="menu-head iso">${who?.user ? `${who.user.name} · ${t(`role.${who.user.role}`)}` : t("user.none")}</p>
        <a href="/settings" data-testid="nav-settings"><${Icon} name="settings" />${t("nav.settings")}</a>
        <button onClick=${() => { helpShown.value = true; }}><${Icon} name="info" />${t("keys.title")}</button>
        ${who?.user && who.auth === "on" && html`<hr />
            <button onClick=${out} data-testid="logout">${t("user.logout")}</button>`}
        <hr /><p class="menu-head">gmq ${who?.version}</p><//>`;
}

/** What is known not to be known, over every screen. */
function Banner() {
    const dark = fleet.value?.registries.filter((r) => !r.ok) ?? [];

    if (dark.length === 0 || dark.length < (fleet.value?.registries.length ?? 0)) {
        return null;
    }
    return html`<p class="banner" role="status"><${Icon} name="alert" /><span class="iso">${t("banner.registry", {
        url: dark[0].url })}</span></p>`;
}

function KeyHelp() {
    const rows = [["/", "keys.search"], ["?", "keys.help"], ["Esc", "keys.close"], ["↑ ↓", "keys.rows"],
        ["Enter", "keys.open"], ["Space", "keys.select"]];
    const names = /** @type {Record<string, string>} */ ({ e: "settings" });

    NAV.forEach(([name, path]) => Object.keys(GO).forEach((k) => { if (GO[k] === path) { names[k] = name; } }));
    return html`<${Dialog} title=${t("keys.title")} onClose=${() => { helpShown.value = false; }} testid="key-help">
        <dl class="keys">${rows.map(([k, text]) => html`<dt key=${k}><kbd>${k}</kbd></dt><dd>${t(text)}</dd>`)}
            ${Object.keys(GO).map((k) => html`<dt key=${k}><kbd>g</kbd> <kbd>${k}</kbd></dt>
                <dd>${t("keys.go", { screen: t(`nav.${names[k]}`) })}</dd>`)}</dl><//>`;
}

/** The screen of the route, fetched when it is first wanted. One that cannot be drawn leaves the frame as it is. */
function Screen() {
    const { screen, params, path } = route.value;
    const [broken, mend] = useErrorBoundary();
    const [, drawn] = useState(0);
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const want = () => {
        const s = SCREENS[screen];

        setError(null);
        if (s && !loaded.has(screen)) {
            Promise.all([s.load(), needTexts(...s.texts)])
                .then(([m]) => { loaded.set(screen, m.default); drawn((n) => n + 1); })
                .catch(setError);
        }
    };

    useEffect(want, [screen]);
    useEffect(mend, [path]);
    const Shown = loaded.get(screen);

    useEffect(() => {
        document.querySelector("h1")?.focus({ preventScroll: true });
    }, [path, Shown]);
    if (!SCREENS[screen]) {
        return html`<h1 tabindex="-1" class="hidden-text">${t("missing.title")}</h1>
            <${Empty} icon="unknown" title=${t("missing.title")} hint=${t("missing.hint")} />`;
    }

    if (broken) {
        return html`<h1 tabindex="-1" class="hidden-text">${t(`nav.${screen}`)}</h1>
            <${Failed} error=${broken} retry=${mend} />`;
    }
    return error ? html`<${Failed} error=${error} retry=${want} />`
        : Shown ? html`<${Shown} key=${path} params=${params} />` : html`<${Loading} />`;
}

/** The whole page. */
export function Frame() {
    const bare = route.value.screen === "login";
    const inside = html`<${Toasts} /><${ConfirmHost} />${helpShown.value && html`<${KeyHelp} />`}`;

    if (bare || (session.value?.auth === "on" && !session.value.user)) {
        return html`<div class="alone" data-screen="login"><${Screen} />${inside}</div>`;
    }
    return html`<a class="skip" href="#main">${t("nav.skip")}</a>
        <header class="bar"><div class="bar-in">
            <a class="logo" href="/" aria-label="gmq"><img src="/icon.svg" width="24" height="24" alt="" />
                <b>gmq</b></a>
            <${Nav} />
            <div class="bar-end"><${Search} /><${Live} /><${LanguageButton} /><${ThemeButton} /><${UserMenu} />
            </div></div></header>
        <${Banner} /><main id="main" data-screen=${route.value.screen}><${Screen} /></main>${inside}`;
}
