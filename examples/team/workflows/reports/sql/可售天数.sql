-- 按当天销量估算还能卖几天。
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS dws_stock_days (
    product_id    STRING COMMENT '商品',
    days_left     DOUBLE COMMENT '可售天数'
)
PARTITIONED BY (ds STRING COMMENT '业务日期，yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE dws_stock_days PARTITION (ds = '${bizdate}')
SELECT  s.product_id,
        SUM(s.on_hand) / MAX(t.sold)
FROM    ods_stock s
JOIN    (
            SELECT  product_id, SUM(quantity) AS sold
            FROM    dwd_trades
            WHERE   ds = '${bizdate}'
            GROUP BY product_id
        ) t
ON      s.product_id = t.product_id
WHERE   s.ds = '${bizdate}'
GROUP BY s.product_id;
