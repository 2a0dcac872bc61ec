// eslint.config.js - what is looked for in the pages' code: faults, and the ways a text could become markup
//
// SPDX-License-Identifier: MIT
const browser = ["window", "document", "location", "history", "navigator", "localStorage", "sessionStorage", "fetch",
    "EventSource", "URL", "URLSearchParams", "Blob", "File", "TextEncoder", "TextDecoder", "AbortController",
    "AbortSignal", "Response", "Headers", "Intl", "console", "setTimeout", "clearTimeout", "setInterval",
    "clearInterval", "requestAnimationFrame", "cancelAnimationFrame", "queueMicrotask", "matchMedia",
    "addEventListener", "removeEventListener", "dispatchEvent", "scrollTo", "ResizeObserver",
    "IntersectionObserver", "MutationObserver", "Event", "CustomEvent", "KeyboardEvent", "MouseEvent", "HTMLElement",
    "HTMLInputElement", "HTMLSelectElement", "HTMLTextAreaElement", "HTMLDialogElement", "HTMLAnchorElement",
    "Element", "Node",
    "getComputedStyle", "atob", "btoa", "crypto", "performance", "structuredClone", "confirm", "getSelection",
    "ReadableStream", "WritableStream", "devicePixelRatio", "DOMException"];
const node = ["process", "console", "URL", "Buffer", "setTimeout", "clearTimeout", "fetch", "TextDecoder"];
const known = (names) => Object.fromEntries(names.map((name) => [name, "readonly"]));

const faults = {
    "array-callback-return": "error", "constructor-super": "error", "for-direction": "error",
    "getter-return": "error",
    "no-async-promise-executor": "error", "no-class-assign": "error", "no-compare-neg-zero": "error",
    "no-cond-assign": "error", "no-const-assign": "error", "no-constant-binary-expression": "error",
    "no-constant-condition": ["error", { checkLoops: false }], "no-debugger": "error", "no-dupe-args": "error",
    "no-dupe-class-members": "error", "no-dupe-else-if": "error", "no-dupe-keys": "error",
    "no-duplicate-case": "error", "no-duplicate-imports": "error", "no-empty-pattern": "error",
    "no-fallthrough": "error", "no-func-assign": "error", "no-import-assign": "error", "no-invalid-regexp": "error",
    "no-irregular-whitespace": "error", "no-loss-of-precision": "error", "no-self-assign": "error",
    "no-self-compare": "error", "no-sparse-arrays": "error", "no-this-before-super": "error", "no-undef": "error",
    "no-unexpected-multiline": "error", "no-unmodified-loop-condition": "error", "no-unreachable": "error",
    "no-unsafe-finally": "error", "no-unsafe-negation": "error", "no-unsafe-optional-chaining": "error",
    "no-unused-vars": ["error", { args: "after-used", argsIgnorePattern: "^_", caughtErrors: "none" }],
    "no-use-before-define": ["error", { functions: false, classes: false, variables: false }],
    "no-useless-backreference": "error", "require-yield": "error", "use-isnan": "error", "valid-typeof": "error",
    "eqeqeq": ["error", "always", { null: "ignore" }], "no-var": "error", "prefer-const": "error",
    "no-eval": "error", "no-implied-eval": "error", "no-new-func": "error", "no-script-url": "error",
    "no-throw-literal": "error", "no-shadow": "error", "no-implicit-globals": "error", "no-extend-native": "error",
    "no-alert": "error", "curly": ["error", "all"], "default-case-last": "error", "no-console": "error",
    "complexity": ["error", 25], "max-depth": ["error", 5], "max-lines": ["error", 299], "max-params": ["error",
    8],
};
const markup = ["innerHTML", "outerHTML", "insertAdjacentHTML", "dangerouslySetInnerHTML", "srcdoc"];
const noMarkup = {
    "no-restricted-syntax": ["error",
        { selector: `MemberExpression[property.name=/^(${markup.join("|")})$/]`, message: "texts stay texts" },
        { selector: `Property[key.name=/^(${markup.join("|")})$/]`, message: "texts stay texts" },
        { selector: "CallExpression[callee.object.name='document'][callee.property.name=/^write/]",
          message: "texts stay texts" }],
};

export default [
    { ignores: ["node_modules/", "lib/"] },
    { linterOptions: { reportUnusedDisableDirectives: "error" } },
    { files: ["js/**/*.js"], languageOptions: { ecmaVersion: 2023, sourceType: "module", globals: known(browser) },
      rules: { ...faults, ...noMarkup } },
    { files: ["test/**/*.js", "tools/**/*.mjs", "eslint.config.js"],
      languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: known(node) },
      rules: { ...faults, "no-console": "off" } },
];
