-- 低于阈值的商品；阈值按环境不同。
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS ads_stock_alert (
    product_id    STRING COMMENT '商品',
    days_left     DOUBLE COMMENT '可售天数'
)
PARTITIONED BY (ds STRING COMMENT '业务日期，yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE ads_stock_alert PARTITION (ds = '${bizdate}')
SELECT  product_id,
        days_left
FROM    dws_stock_days
WHERE   ds = '${bizdate}'
AND     days_left < ${script.alertDays};
