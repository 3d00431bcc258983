-- 两张汇总表的金额必须相等，不等的由值班同学处理。
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS dq_sales (
    by_category   DECIMAL(18,2) COMMENT '类目合计',
    by_channel    DECIMAL(18,2) COMMENT '渠道合计',
    verdict       STRING COMMENT '一致或不一致'
)
PARTITIONED BY (ds STRING COMMENT '业务日期，yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE dq_sales PARTITION (ds = '${bizdate}')
SELECT  SUM(by_category),
        SUM(by_channel),
        IF(SUM(by_category) = SUM(by_channel), '一致', '不一致')
FROM    (
            SELECT  amount AS by_category, CAST(0 AS DECIMAL(18,2)) AS by_channel
            FROM    dws_category_sales
            WHERE   ds = '${bizdate}'
            UNION ALL
            SELECT  CAST(0 AS DECIMAL(18,2)) AS by_category, amount AS by_channel
            FROM    dws_channel_sales
            WHERE   ds = '${bizdate}'
        ) both_sides;
