/* SPDX-License-Identifier: MIT
 * English texts of the login. */
export default {
    "login.name": "User name", "login.password": "Password", "login.do": "Log in",
    "login.wait": "Too many attempts. Try again in {seconds} s.",
    "login.hint": "The first password stands in the log of gweb's first start.",
};
