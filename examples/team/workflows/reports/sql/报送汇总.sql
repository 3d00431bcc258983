-- 报送口径：月累计销售额。
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS ads_filing (
    month         STRING COMMENT '月份',
    amount        DECIMAL(18,2) COMMENT '累计金额'
)
PARTITIONED BY (ds STRING COMMENT '业务日期，yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE ads_filing PARTITION (ds = '${bizdate}')
SELECT  SUBSTR('${bizdate}', 1, 6),
        SUM(amount)
FROM    dws_category_sales
WHERE   ds BETWEEN CONCAT(SUBSTR('${bizdate}', 1, 6), '01') AND '${bizdate}';
