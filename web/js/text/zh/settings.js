/* SPDX-License-Identifier: MIT
 * Chinese texts of settings. */
export default {
    "settings.looks": "外观", "settings.theme": "配色", "settings.theme.system": "跟随系统",
    "settings.theme.light": "浅色",
    "settings.theme.dark": "深色", "settings.language": "语言", "settings.password": "修改密码",
    "settings.old": "当前密码",
    "settings.new": "新密码", "settings.again": "再次输入新密码", "settings.different": "两次输入不一致",
    "settings.password.hint": "至少 8 个字符", "settings.password.do": "修改密码",
    "settings.password.done": "密码已修改",
    "settings.users": "用户", "settings.role": "角色", "settings.role.hint": "只读用户可以查看全部内容，但不能修改。",
    "settings.add": "添加用户", "settings.you": "当前用户", "settings.saved": "已保存",
    "settings.reset": "为 {name} 设置新密码",
    "settings.reset.do": "重设密码…", "settings.reset.hint": "该用户的所有会话将被结束。至少 8 个字符。",
    "settings.delete": "删除",
    "settings.delete.title": "删除用户 {name}？", "settings.delete.text": "该用户的会话将立即结束。",
    "settings.deleted": "用户 {name} 已删除", "settings.about": "关于",
    "settings.links": "节点的自述信息（需浏览器能直接访问节点）：",
    "settings.no.auth": "gweb 当前未启用登录（auth=off）：任何能访问它的人都可以修改一切，因此没有用户可管理。",
};
