/* SPDX-License-Identifier: MIT
 * Light or dark, set on <html data-theme> before anything is drawn: a plain script, so that the page never flashes.
 * The choice ("light", "dark", else the system's) stands in localStorage under gmq.theme; the event settheme tells of a
 * change. */
(function () {
    const system = matchMedia("(prefers-color-scheme: dark)");

    function apply() {
        let theme = "";

        try {
            theme = localStorage.getItem("gmq.theme") || "";
        } catch {
            /* storage is switched off: the system's theme it is */
        }
        if (theme !== "light" && theme !== "dark") {
            theme = system.matches ? "dark" : "light";
        }
        document.documentElement.dataset.theme = theme;
    }

    system.addEventListener("change", apply);
    window.addEventListener("storage", apply);
    window.addEventListener("settheme", apply);
    apply();
})();
