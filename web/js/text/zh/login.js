/* SPDX-License-Identifier: MIT
 * Chinese texts of the login. */
export default {
    "login.name": "用户名", "login.password": "密码", "login.do": "登录",
    "login.wait": "尝试次数过多，请在 {seconds} 秒后重试。",
    "login.hint": "初始密码在 gweb 首次启动时显示一次。",
};
