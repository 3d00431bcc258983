-- 订单明细，一行一个商品。
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS ods_order_items (
    order_id      STRING COMMENT '订单号',
    product_id    STRING COMMENT '商品',
    quantity      BIGINT COMMENT '件数',
    amount        DECIMAL(18,2) COMMENT '金额'
)
PARTITIONED BY (ds STRING COMMENT '业务日期，yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE ods_order_items PARTITION (ds = '${bizdate}')
SELECT  order_id,
        product_id,
        CAST(quantity AS BIGINT),
        CAST(amount AS DECIMAL(18,2))
FROM    landing_order_items
WHERE   ds = '${bizdate}';
