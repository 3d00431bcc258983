-- 按渠道的销售。
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS dws_channel_sales (
    channel       STRING COMMENT '渠道',
    orders        BIGINT COMMENT '订单数',
    amount        DECIMAL(18,2) COMMENT '金额'
)
PARTITIONED BY (ds STRING COMMENT '业务日期，yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE dws_channel_sales PARTITION (ds = '${bizdate}')
SELECT  channel,
        COUNT(DISTINCT order_id),
        SUM(amount)
FROM    dwd_trades
WHERE   ds = '${bizdate}'
GROUP BY channel;
