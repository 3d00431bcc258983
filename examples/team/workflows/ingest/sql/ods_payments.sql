-- 支付流水，含退款。
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS ods_payments (
    payment_id    STRING COMMENT '流水号',
    order_id      STRING COMMENT '订单号',
    paid          DECIMAL(18,2) COMMENT '实付，退款为负'
)
PARTITIONED BY (ds STRING COMMENT '业务日期，yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE ods_payments PARTITION (ds = '${bizdate}')
SELECT  payment_id,
        order_id,
        CAST(paid AS DECIMAL(18,2))
FROM    landing_payments
WHERE   ds = '${bizdate}';
