-- 交易宽表：一行一个订单里的一个商品。
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS dwd_trades (
    order_id      STRING COMMENT '订单号',
    channel       STRING COMMENT '渠道',
    city          STRING COMMENT '城市',
    product_id    STRING COMMENT '商品',
    category      STRING COMMENT '类目名',
    quantity      BIGINT COMMENT '件数',
    amount        DECIMAL(18,2) COMMENT '金额'
)
PARTITIONED BY (ds STRING COMMENT '业务日期，yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE dwd_trades PARTITION (ds = '${bizdate}')
SELECT  o.order_id,
        o.channel,
        NVL(u.city, '未知'),
        i.product_id,
        p.category,
        i.quantity,
        i.amount
FROM    ods_orders o
JOIN    ods_order_items i
ON      o.order_id = i.order_id
AND     i.ds = '${bizdate}'
JOIN    dwd_payments d
ON      o.order_id = d.order_id
AND     d.ds = '${bizdate}'
LEFT OUTER JOIN dim_users u
ON      o.user_id = u.user_id
AND     u.ds = '${bizdate}'
LEFT OUTER JOIN dim_products p
ON      i.product_id = p.product_id
AND     p.ds = '${bizdate}'
WHERE   o.ds = '${bizdate}';
