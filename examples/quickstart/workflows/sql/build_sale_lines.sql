-- The one table that every figure is made from: a sold line with its store, product and margin.
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS dwd_sale_line (
    order_id    STRING,
    line_no     BIGINT,
    customer_id STRING,
    store_id    STRING,
    region      STRING,
    product_id  STRING,
    category    STRING,
    quantity    BIGINT COMMENT 'negative for a return',
    amount      DECIMAL(18, 2),
    margin      DECIMAL(18, 2)
)
PARTITIONED BY (ds STRING COMMENT 'business date, yyyymmdd')
LIFECYCLE 1100;

INSERT OVERWRITE TABLE dwd_sale_line PARTITION (ds = '${bizdate}')
SELECT  /*+ MAPJOIN(s, p) */
        l.order_id,
        l.line_no,
        o.customer_id,
        o.store_id,
        NVL(s.region, 'unassigned'),
        l.product_id,
        NVL(p.category, 'unknown'),
        IF(o.is_return, -l.quantity, l.quantity),
        IF(o.is_return, -l.amount, l.amount),
        IF(o.is_return, -1, 1) * (l.amount - l.quantity * NVL(p.purchase_cost, 0))
FROM    ods_order_line l
JOIN    ods_order o
ON      o.order_id = l.order_id
AND     o.ds = '${bizdate}'
LEFT JOIN dim_store s
ON      s.store_id = o.store_id
AND     s.ds = '${bizdate}'
LEFT JOIN dim_product p
ON      p.product_id = l.product_id
AND     p.ds = '${bizdate}'
WHERE   l.ds = '${bizdate}';
