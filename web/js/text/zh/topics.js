/* SPDX-License-Identifier: MIT
 * Chinese texts of Topics. */
export default {
    "topics.filter": "按名称筛选", "topics.state": "状态", "topics.node": "节点", "topics.every_node": "所有节点",
    "topics.all": "全部", "topics.stuck": "堵塞", "topics.paused": "已暂停", "topics.dead": "有死信",
    "topics.none": "没有匹配的主题", "topics.unfilter": "显示全部主题",
    "topics.empty": "还没有主题", "topics.empty_hint": "推送消息时会自动创建主题，也可以在这里新建。",
    "topics.bulk": "对所选主题", "topics.selected": "已选 {n} 个",
    "topics.clear": "取消选择",
    "topics.paused_badge": "已暂停", "topics.old": "节点没有响应，这些数据已过时",
    "topics.on": "开", "topics.off": "关", "topics.auto_ack_of": "{topic} 的自动确认",
    "topics.columns": "列", "topics.columns_usual": "常用列", "topics.columns_original": "原版的九列",
    "topics.new": "新建主题", "topics.make": "创建", "topics.made": "主题 {topic} 已创建。",
    "topics.name_hint": "1 到 128 字节。", "topics.ttr": "确认时限", "topics.ttr_hint": "留空则使用节点的默认值。",
    "topics.nodes_own": "节点默认", "topics.auto_ack": "自动确认：投递后即视为完成",
    "column.topic": "名称", "column.node": "节点", "column.ready": "待消费", "column.delayed": "延迟中",
    "column.in_flight": "待确认", "column.dead": "死信", "column.consumers": "消费者", "column.waiting": "等待中的消费",
    "column.push_rate": "推送/秒", "column.pop_rate": "消费/秒", "column.ack_rate": "确认/秒", "column.oldest": "最早等待",
    "column.spark": "最近一分钟", "column.pushed": "推送总数", "column.popped": "消费总数", "column.acked": "确认总数",
    "column.last_push_at": "最近推送", "column.last_pop_at": "最近消费", "column.created_at": "创建时间",
    "column.auto_ack": "自动确认",
};
