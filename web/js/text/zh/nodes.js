/* SPDX-License-Identifier: MIT
 * Chinese texts of nodes. */
export default {
    "nodes.node": "节点 {id}", "nodes.register": "注册节点",
    "nodes.register.text": "已配置注册中心的节点会自动注册。注册中心会先检测两个地址，再将节点加入列表。", "nodes.id": "ID", "nodes.tcp": "TCP 地址",
    "nodes.http": "HTTP 地址", "nodes.weight": "权重", "nodes.weight.edit": "修改权重", "nodes.wrong.id": "请输入 1 到 1024 的整数",
    "nodes.wrong.weight": "请输入不小于 1 的整数", "nodes.wrong.address": "格式应为 主机:端口", "nodes.registered": "节点 {id} 已注册",
    "nodes.weighed": "节点 {id} 的权重已改为 {weight}", "nodes.unregister": "注销", "nodes.unregister.title": "注销节点 {id}？",
    "nodes.unregister.text": "客户端将不再被分配到该节点，节点上的消息仍保留。仍在运行的节点会在 10 秒内重新注册；若要让它保持离开，请先停止它。",
    "nodes.unregistered": "节点 {id} 已注销", "nodes.unlisted": "未注册", "nodes.unlisted.text": "它已离开注册中心的列表，不再被查询。",
    "nodes.state.down": "无响应", "nodes.state.connecting": "连接中", "nodes.status.ok": "正常",
    "nodes.status.degraded": "降级", "nodes.status.full": "磁盘已满", "nodes.status.read-only": "只读",
    "nodes.status.stopping": "正在停止", "nodes.down.text": "没有响应：{detail}。最近一次联系：{ago}。",
    "nodes.unknown": "以下节点上的情况目前未知：{ids}", "nodes.unknown.hint": "各项合计不包含它们；显示的是最后已知的数据。", "nodes.none": "没有已注册的节点",
    "nodes.none.hint": "启动节点时指定 -register_addr，或在此手动注册。", "nodes.registry.ok": "注册中心正常",
    "nodes.registry.bad": "注册中心无响应", "nodes.topics.show": "{n} 个主题", "nodes.share": "流量占比", "nodes.traffic": "流量",
    "nodes.traffic.text": "推送 {push}，消费 {pop}", "nodes.disk": "磁盘", "nodes.disk.hint": "日志占用与磁盘剩余空间",
    "nodes.disk.text": "已用 {used}，剩余 {free}", "nodes.memory": "内存", "nodes.sync": "磁盘同步",
    "nodes.sync.text": "最近 {last}，最慢 {max}", "nodes.connections": "连接数", "nodes.joined": "加入时间", "nodes.seen": "最近联系",
    "nodes.seen.now": "刚刚",
};
