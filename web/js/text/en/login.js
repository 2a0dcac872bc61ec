/* SPDX-License-Identifier: MIT
 * English texts of the login. */
export default {
    "login.name": "User name", "login.password": "Password", "login.do": "Log in",
    "login.wait": "Too many attempts. Try again in {seconds} s.",
    "login.hint": "gweb shows the first password once, when it is started for the first time.",
};
