/* SPDX-License-Identifier: MIT
 * The login. Afterwards one is where one wanted to be. */
import { useEffect, useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { ApiError, errorText, post } from "../api.js";
import { language, setLanguage, t } from "../i18n.js";
import { go, route } from "../router.js";
import { loadSession, session } from "../store.js";
import { Field } from "../parts/field.js";

/** Where to go then: a path of ours, never another place. */
function next() {
    const wanted = route.peek().query.get("next") ?? "/";

    return /^\/(?![/\\])[^\t\r\n]*$/.test(wanted) && !wanted.startsWith("/login") ? wanted : "/";
}

export default function Login() {
    const [name, setName] = useState("");
    const [password, setPassword] = useState("");
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const [busy, setBusy] = useState(false);
    const [wait, setWait] = useState(0);
    const inside = session.value?.auth === "off" || session.value?.user;
    const other = language.value === "zh" ? "en" : "zh";

    useEffect(() => {
        if (inside) {
            go(next(), { replace: true });
        }
    }, [inside]);
    useEffect(() => {
        const timer = wait > 0 ? setTimeout(() => setWait(wait - 1), 1000) : undefined;

        return () => clearTimeout(timer);
    }, [wait]);
    const submit = async (/** @type {Event} */ e) => {
        e.preventDefault();
        setBusy(true);
        try {
            await post("session", { name, password });
            await loadSession();
        } catch (problem) {
            setError(problem);
            setPassword("");
            setWait(problem instanceof ApiError ? problem.retryAfter ?? 0 : 0);
        }
        setBusy(false);
    };
    const said = error instanceof ApiError && error.retryAfter ? (wait > 0 ? t("login.wait", { seconds: wait }) : null)
        : error ? errorText(error) : null;

    return html`<form class="card login stack" onSubmit=${submit} data-testid="login-form">
        <div class="spread"><h1 tabindex="-1" class="row"><img src="/icon.svg" width="26" height="26" alt="" /> gmq</h1>
            <button type="button" class="icon-button" lang=${other === "zh" ? "zh-CN" : "en"}
                onClick=${() => setLanguage(other)}
                data-testid="language">${other === "zh" ? "中文" : "EN"}</button></div>
        <${Field} label=${t("login.name")}><input value=${name} required autocomplete="username" autocapitalize="none"
            spellcheck=${false} autofocus data-testid="login-name" onInput=${(/** @type {any} */ e) =>
                setName(e.target.value)} /><//>
        <${Field} label=${t("login.password")}><input type="password" value=${password} required
            autocomplete="current-password" data-testid="login-password"
            onInput=${(/** @type {any} */ e) => setPassword(e.target.value)} /><//>
        ${said && html`<p class="bad" role="alert" data-testid="login-error">${said}</p>`}
        <button class="button primary" disabled=${busy || wait > 0} data-testid="login">${t("login.do")}</button>
        <p class="muted small">${t("login.hint")}</p></form>`;
}
