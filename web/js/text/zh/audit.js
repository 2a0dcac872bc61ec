/* SPDX-License-Identifier: MIT
 * Chinese texts of the audit. */
export default {
    "audit.at": "时间", "audit.user": "用户", "audit.action": "操作", "audit.target": "对象", "audit.count": "数量",
    "audit.result": "结果", "audit.address": "来源", "audit.ok": "成功", "audit.filter": "筛选",
    "audit.refresh": "刷新",
    "audit.more": "更早的记录", "audit.none": "还没有任何变更", "audit.action.session.login": "登录",
    "audit.action.session.logout": "退出登录", "audit.action.user.add": "添加用户",
    "audit.action.user.change": "修改用户",
    "audit.action.user.remove": "删除用户", "audit.action.password.change": "修改密码",
    "audit.action.node.register": "注册节点",
    "audit.action.node.weight": "修改权重", "audit.action.node.unregister": "注销节点",
    "audit.action.topic.create": "创建主题",
    "audit.action.topic.delete": "删除主题", "audit.action.topic.set": "修改主题设置",
    "audit.action.topic.pause": "暂停",
    "audit.action.topic.resume": "恢复", "audit.action.topic.purge": "清空", "audit.action.dead.redrive": "重新投递",
    "audit.action.dead.delete": "删除死信", "audit.action.job.cancel": "停止任务",
    "audit.action.message.push": "推送消息",
    "audit.action.message.pop": "手动取出", "audit.action.message.ack": "确认",
    "audit.action.message.nack": "退回或拒绝",
    "audit.action.message.touch": "延长时限", "audit.action.message.cancel": "删除消息",
    "audit.action.message.promote": "立即可消费", "audit.action.message.reschedule": "改期",
};
