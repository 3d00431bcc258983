-- 网关会重复推送：同一流水号只算一次。
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS dwd_payments (
    order_id      STRING COMMENT '订单号',
    paid          DECIMAL(18,2) COMMENT '实付合计'
)
PARTITIONED BY (ds STRING COMMENT '业务日期，yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE dwd_payments PARTITION (ds = '${bizdate}')
SELECT  order_id,
        SUM(paid)
FROM    (
            SELECT  DISTINCT payment_id, order_id, paid
            FROM    ods_payments
            WHERE   ds = '${bizdate}'
        ) payments
GROUP BY order_id;
