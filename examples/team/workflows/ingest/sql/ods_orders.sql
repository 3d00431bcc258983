-- 一天的订单；同一订单多次推送时取最后一次。
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS ods_orders (
    order_id      STRING COMMENT '订单号',
    user_id       STRING COMMENT '用户',
    channel       STRING COMMENT '渠道',
    ordered_at    DATETIME COMMENT '下单时间'
)
PARTITIONED BY (ds STRING COMMENT '业务日期，yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE ods_orders PARTITION (ds = '${bizdate}')
SELECT  order_id,
        user_id,
        NVL(channel, '未知'),
        TO_DATE(ordered_at, 'yyyy-mm-dd hh:mi:ss')
FROM    (
            SELECT  order_id,
                    user_id,
                    channel,
                    ordered_at,
                    ROW_NUMBER() OVER (PARTITION BY order_id ORDER BY sent_at DESC) AS recency
            FROM    landing_orders
            WHERE   ds = '${bizdate}'
        ) received
WHERE   recency = 1;
