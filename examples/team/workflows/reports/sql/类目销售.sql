-- 按类目名的销售。
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS dws_category_sales (
    category      STRING COMMENT '类目名',
    orders        BIGINT COMMENT '订单数',
    amount        DECIMAL(18,2) COMMENT '金额'
)
PARTITIONED BY (ds STRING COMMENT '业务日期，yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE dws_category_sales PARTITION (ds = '${bizdate}')
SELECT  category,
        COUNT(DISTINCT order_id),
        SUM(amount)
FROM    dwd_trades
WHERE   ds = '${bizdate}'
GROUP BY category;
